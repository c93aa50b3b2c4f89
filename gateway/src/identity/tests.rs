//! Who gets an identity, and who does not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::HeaderValue;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::config::ProviderConfig;
use crate::table::Permissions;

const NOON: i64 = 1_772_366_400;
const TENANT: &str = "0199a3c8-0000-7000-8000-000000000042";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((NOON + seconds) * 1_000_000)
}

fn administrator() -> Identity {
    Identity {
        tenant: TenantId::EMBEDDED,
        actor: Actor::parse("users/local").unwrap(),
        roles: vec!["admin".to_owned()],
        permissions: PermissionSet::default(),
        expires: None,
    }
}

fn headers(values: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
    }
    headers
}

/// A key pair of the provider.
struct KeyPair {
    id: &'static str,
    algorithm: Algorithm,
    private: EncodingKey,
}

impl KeyPair {
    fn ed25519(id: &'static str, seed: u8) -> Self {
        // PKCS #8 (RFC 8410) around a seed.
        let mut der = vec![
            0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
        ];
        der.extend([seed; 32]);
        let private = EncodingKey::from_ed_der(&der);
        Self {
            id,
            algorithm: Algorithm::EdDSA,
            private,
        }
    }

    fn p256(id: &'static str, seed: u8) -> Self {
        // PKCS #8 (RFC 5915) around a scalar, on prime256v1.
        let mut der = vec![
            0x30, 0x41, 2, 1, 0, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1,
        ];
        der.extend([
            6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 4, 0x27, 0x30, 0x25, 2, 1, 1, 4, 0x20,
        ]);
        der.extend([seed; 32]);
        Self {
            id,
            algorithm: Algorithm::ES256,
            private: EncodingKey::from_ec_der(&der),
        }
    }

    fn rsa(id: &'static str, der: &[u8]) -> Self {
        Self {
            id,
            algorithm: Algorithm::RS256,
            private: EncodingKey::from_rsa_der(der),
        }
    }

    fn public(&self) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(&self.private, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.id.to_owned());
        jwk
    }

    fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.id.to_owned());
        encode(&header, claims, &self.private).unwrap()
    }
}

fn rsa() -> KeyPair {
    KeyPair::rsa("rsa", include_bytes!("test_keys/rsa_2048.der"))
}

fn claims() -> Value {
    json!({
        "iss": "https://id.example", "aud": "rapport", "sub": "ada", "tenant": TENANT,
        "roles": ["reader", "unheard-of"], "exp": NOON + 600, "nbf": NOON - 60,
    })
}

fn with(key: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[key] = value;
    claims
}

/// A provider whose keys are in a file.
struct Setting {
    folder: TempDir,
}

impl Setting {
    fn publishing(keys: &[&KeyPair]) -> Self {
        let setting = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        setting.publish(
            &serde_json::to_value(JwkSet {
                keys: keys.iter().map(|k| k.public()).collect(),
            })
            .unwrap(),
        );
        setting
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("jwks.json")
    }

    fn publish(&self, set: &Value) {
        std::fs::write(self.file(), set.to_string()).unwrap();
    }

    fn provider(&self) -> Result<Arc<Provider>, KeyError> {
        let permissions = Permissions::new(["a.b.read", "a.b.write"].map(str::to_owned).into());
        let roles = BTreeMap::from([("reader".to_owned(), vec!["a.b.read".to_owned()])]);
        let roles = Roles::compile(&roles, &[], &permissions).unwrap();
        let config = ProviderConfig {
            jwks_file: self.file(),
            issuer: "https://id.example".to_owned(),
            audience: "rapport".to_owned(),
            leeway: Duration::from_secs(30),
            reload: Duration::from_secs(5),
        };
        Provider::load(config, roles).map(Arc::new)
    }
}

#[test]
fn the_local_token_is_made_once_and_is_the_administrators() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/local.token");
    let token = LocalToken::load(&path, administrator()).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.trim().len(), 43, "32 bytes in base64url");
    assert!(token.is(text.trim()));
    assert!(!token.is(&text.trim()[1..]) && !token.is(""));

    let again = LocalToken::load(&path, administrator()).unwrap();
    assert!(again.is(text.trim()), "a restart keeps the token");

    let gate = Authenticator::new(Some(token), None).unwrap();
    let identity = gate.authenticate(&headers(&[&format!("bearer {}", text.trim())]), at(0));
    assert_eq!(*identity.unwrap(), administrator());
}

#[test]
fn the_token_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("local.token");
    LocalToken::load(&path, administrator()).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "no draft is left"
    );

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = LocalToken::load(&path, administrator()).unwrap_err();
    assert!(matches!(error, LocalTokenError::Exposed(_)), "{error}");

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, "guessable").unwrap();
    let error = LocalToken::load(&path, administrator()).unwrap_err();
    assert!(matches!(error, LocalTokenError::Damaged(_)), "{error}");
}

#[test]
fn a_call_without_a_proper_bearer_token_has_no_identity() {
    let folder = tempfile::tempdir().unwrap();
    let token = LocalToken::load(&folder.path().join("t"), administrator()).unwrap();
    let gate = Authenticator::new(Some(token), None).unwrap();
    let long = format!("Bearer {}", "x".repeat(MAX_TOKEN_LENGTH + 1));
    for (values, expected) in [
        (&[][..], TokenError::Missing),
        (&["Basic YTpi"], TokenError::NotBearer),
        (&["Bearer"], TokenError::NotBearer),
        (&["Bearer  "], TokenError::NotBearer),
        (&["Bearer a", "Bearer b"], TokenError::NotBearer),
        (&["Bearer guess"], TokenError::Untrusted),
        (&[long.as_str()], TokenError::Untrusted),
    ] {
        assert_eq!(
            gate.authenticate(&headers(values), at(0)),
            Err(expected),
            "{values:?}"
        );
    }
    assert_eq!(
        Authenticator::new(None, None).unwrap_err(),
        NobodyAuthenticates
    );
}

#[test]
fn a_signed_token_speaks_for_its_subject() {
    for key in [KeyPair::ed25519("ed", 7), KeyPair::p256("ec", 7), rsa()] {
        let provider = Setting::publishing(&[&key]).provider().unwrap();
        let identity = provider.identify(&key.sign(&claims()), at(0)).unwrap();
        assert_eq!(identity.tenant.to_string(), TENANT);
        assert_eq!(identity.actor.as_str(), "users/ada");
        assert_eq!(identity.roles, ["reader", "unheard-of"]);
        assert_eq!(identity.expires, Some(at(600)));
        let permissions = Permissions::new(["a.b.read", "a.b.write"].map(str::to_owned).into());
        assert!(
            identity
                .permissions
                .contains(permissions.id("a.b.read").unwrap())
        );
        assert!(
            !identity
                .permissions
                .contains(permissions.id("a.b.write").unwrap())
        );
    }
}

#[test]
fn a_subject_may_be_an_employee_or_a_system() {
    let key = KeyPair::ed25519("ed", 7);
    let provider = Setting::publishing(&[&key]).provider().unwrap();
    let actor = |sub: &str| {
        let token = key.sign(&with("sub", json!(sub)));
        provider
            .identify(&token, at(0))
            .map(|identity| identity.actor.to_string())
    };
    assert_eq!(actor("systems/web-shop"), Ok("systems/web-shop".to_owned()));
    assert_eq!(actor("auth0|17"), Ok("users/auth0|17".to_owned()));
    assert_eq!(actor("Ada Lovelace"), Err(TokenError::Claims));
    assert_eq!(actor(""), Err(TokenError::Claims));
}

#[test]
fn a_token_is_refused_for_every_wrong_claim() {
    let key = KeyPair::ed25519("ed", 7);
    let provider = Setting::publishing(&[&key]).provider().unwrap();
    for (claim, value, expected) in [
        ("iss", json!("https://evil.example"), TokenError::Untrusted),
        ("aud", json!("another-service"), TokenError::Untrusted),
        ("iss", Value::Null, TokenError::Untrusted),
        ("aud", Value::Null, TokenError::Untrusted),
        ("exp", Value::Null, TokenError::Untrusted),
        ("sub", Value::Null, TokenError::Untrusted),
        ("tenant", Value::Null, TokenError::Claims),
        ("tenant", json!("acme"), TokenError::Claims),
        ("roles", json!("admin"), TokenError::Claims),
        ("nbf", json!(NOON + 31), TokenError::NotYetValid),
        ("exp", json!(NOON - 31), TokenError::Expired),
        ("exp", json!(-1e300), TokenError::Untrusted),
    ] {
        let token = key.sign(&with(claim, value.clone()));
        let refused = provider.identify(&token, at(0)).unwrap_err();
        assert_eq!(refused, expected, "{claim} {value}");
    }
    let several = key.sign(&with("aud", json!(["other", "rapport"])));
    assert!(provider.identify(&several, at(0)).is_ok());
}

#[test]
fn a_remembered_token_expires_all_the_same() {
    let key = KeyPair::ed25519("ed", 7);
    let provider = Setting::publishing(&[&key]).provider().unwrap();
    let token = key.sign(&claims());
    let first = provider.identify(&token, at(0)).unwrap();
    let again = provider.identify(&token, at(629)).unwrap();
    assert!(Arc::ptr_eq(&first, &again), "verified once");
    assert_eq!(provider.identify(&token, at(630)), Err(TokenError::Expired));
}

#[test]
fn forged_tokens_are_refused() {
    let key = KeyPair::ed25519("ed", 7);
    let provider = Setting::publishing(&[&key, &rsa()]).provider().unwrap();
    let good = key.sign(&claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (head, _) = signed.split_once('.').unwrap();

    use base64::Engine as _;
    let encode =
        |value: Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let promoted = encode(with("roles", json!(["admin"])));
    let unsigned = encode(json!({"alg": "none", "typ": "JWT"}));
    let modulus = serde_json::to_value(rsa().public()).unwrap()["n"]
        .as_str()
        .unwrap()
        .to_owned();
    let symmetric = EncodingKey::from_secret(modulus.as_bytes());
    let confused =
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims(), &symmetric).unwrap();
    let mut critical = Header::new(Algorithm::EdDSA);
    critical.crit = Some(vec!["b64".to_owned()]);
    for token in [
        KeyPair::ed25519("ed", 8).sign(&claims()),
        format!("{head}.{promoted}.{signature}"),
        format!("{unsigned}.{promoted}."),
        confused,
        jsonwebtoken::encode(&critical, &claims(), &key.private).unwrap(),
        signed.to_owned(),
        "a.b.c".to_owned(),
        "...".to_owned(),
    ] {
        assert_eq!(
            provider.identify(&token, at(0)),
            Err(TokenError::Untrusted),
            "{token}"
        );
    }
}

#[test]
fn keys_that_anybody_could_sign_with_are_not_believed() {
    let setting = Setting::publishing(&[&rsa()]);
    setting.publish(&json!({"keys": [{"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}]}));
    assert!(matches!(setting.provider(), Err(KeyError::Symmetric(_))));
    setting.publish(&json!({"keys": []}));
    assert!(matches!(setting.provider(), Err(KeyError::Empty(_))));
    setting.publish(&json!({"oops": 1}));
    assert!(matches!(
        setting.provider(),
        Err(KeyError::NotAKeySet { .. })
    ));
    std::fs::remove_file(setting.file()).unwrap();
    assert!(matches!(setting.provider(), Err(KeyError::File { .. })));

    let weak = KeyPair::rsa("weak", include_bytes!("test_keys/rsa_1024.der"));
    assert!(matches!(
        Setting::publishing(&[&weak]).provider(),
        Err(KeyError::Empty(_))
    ));

    let mut encryption = serde_json::to_value(rsa().public()).unwrap();
    encryption["use"] = json!("enc");
    setting.publish(&json!({"keys": [encryption]}));
    assert!(matches!(setting.provider(), Err(KeyError::Empty(_))));
}

#[test]
fn new_keys_are_believed_and_old_ones_forgotten() {
    let (old, new) = (KeyPair::ed25519("1", 1), KeyPair::ed25519("2", 2));
    let setting = Setting::publishing(&[&old]);
    let provider = setting.provider().unwrap();
    let (before, after) = (old.sign(&claims()), new.sign(&claims()));
    assert!(provider.identify(&before, at(0)).is_ok());
    assert!(provider.identify(&after, at(0)).is_err());

    setting.publish(
        &serde_json::to_value(JwkSet {
            keys: vec![new.public()],
        })
        .unwrap(),
    );
    assert!(provider.reload().unwrap());
    assert!(provider.identify(&after, at(0)).is_ok());
    assert_eq!(
        provider.identify(&before, at(0)),
        Err(TokenError::Untrusted),
        "even if remembered"
    );

    setting.publish(&json!("damaged"));
    assert!(provider.reload().is_err());
    assert!(
        provider.identify(&after, at(0)).is_ok(),
        "a damaged file changes nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn the_key_file_is_watched() {
    let (old, new) = (KeyPair::ed25519("1", 1), KeyPair::ed25519("2", 2));
    let setting = Setting::publishing(&[&old]);
    let provider = setting.provider().unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let worker = tokio::spawn(provider.worker().run(stop.clone()));
    setting.publish(
        &serde_json::to_value(JwkSet {
            keys: vec![new.public()],
        })
        .unwrap(),
    );
    let token = new.sign(&claims());
    for _ in 0..1_000 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if provider.identify(&token, at(0)).is_ok() {
            stop.cancel();
            worker.await.unwrap();
            return;
        }
    }
    panic!("the new key is never believed");
}
