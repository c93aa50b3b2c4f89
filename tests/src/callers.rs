//! An identity provider of the story's own, and the people it vouches for.

use std::path::Path;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rapport_platform::identity::TenantId;
use serde_json::json;
use uuid::Uuid;

const ISSUER: &str = "https://identity.test";
const AUDIENCE: &str = "rapport";
const KEY_ID: &str = "test";

/// Signs tokens that the suite believes.
pub struct Provider {
    key: EncodingKey,
    jwks: std::path::PathBuf,
}

/// A company with its own data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenant(pub TenantId);

impl Tenant {
    /// A tenant that no other story knows.
    pub fn new() -> Self {
        Self(TenantId::new(Uuid::now_v7()))
    }
}

impl Default for Tenant {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider {
    /// A provider whose public keys are in a file in `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        let jwks = folder.join("jwks.json");
        std::fs::write(&jwks, keys::PUBLIC).unwrap();
        Self {
            key: EncodingKey::from_ed_pem(keys::PRIVATE.as_bytes()).unwrap(),
            jwks,
        }
    }

    /// What makes a suite believe this provider.
    pub(crate) fn settings(&self) -> [(&'static str, String); 3] {
        [
            (
                "RAPPORT__GATEWAY__PROVIDER__JWKS_FILE",
                self.jwks.display().to_string(),
            ),
            ("RAPPORT__GATEWAY__PROVIDER__ISSUER", ISSUER.to_owned()),
            ("RAPPORT__GATEWAY__PROVIDER__AUDIENCE", AUDIENCE.to_owned()),
        ]
    }

    /// A token for an administrator of the tenant.
    pub fn administrator(&self, tenant: Tenant) -> String {
        self.token(tenant, "users/administrator", &["admin"])
    }

    /// A token for somebody with these roles, good for ten minutes.
    pub fn token(&self, tenant: Tenant, actor: &str, roles: &[&str]) -> String {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": actor,
            "tenant": tenant.0.as_uuid(),
            "roles": roles,
            "exp": now.unwrap().as_secs() + 600,
        });
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(KEY_ID.to_owned());
        jsonwebtoken::encode(&header, &claims, &self.key).unwrap()
    }
}

mod keys;
