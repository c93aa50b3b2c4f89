//! What customers and their mail programs ask for.

use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use http_body_util::{BodyExt as _, Limited};
use rapport_platform::identity::TenantId;
use tonic::codegen::StdError;
use uuid::Uuid;

/// Longest token that is looked at, in characters.
const MAX_TOKEN: usize = 1_024;
/// Largest form that is read, in bytes: ours and that of RFC 8058 are 26.
const MAX_FORM: usize = 2_048;
/// How long a form may take to arrive.
const FORM_TIMEOUT: Duration = Duration::from_secs(5);

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `/u/{token}`
    Unsubscribe,
    /// `/c/{token}`
    Confirm,
}

/// A link that has the form of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) kind: Kind,
    /// Whose customer it is, by the token's own word: whoever opens the rest checks it.
    pub(super) tenant: TenantId,
    pub(super) token: String,
}

impl Kind {
    /// The only field of the form: for unsubscribing that which mail programs send by themselves
    /// (RFC 8058, 3.1).
    pub(super) const fn field(self) -> (&'static str, &'static str) {
        match self {
            Self::Unsubscribe => ("List-Unsubscribe", "One-Click"),
            Self::Confirm => ("Confirm", "Opt-In"),
        }
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Unsubscribe => "unsubscribe",
            Self::Confirm => "confirm",
        }
    }
}

impl Link {
    /// Reads the path of a request.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let (kind, token) = match path.strip_prefix("/u/") {
            Some(token) => (Kind::Unsubscribe, token),
            None => (Kind::Confirm, path.strip_prefix("/c/")?),
        };
        Some(Self {
            kind,
            tenant: tenant_of(token)?,
            token: token.to_owned(),
        })
    }
}

/// Whose a token is, by its own word, if it has the form of ours: `{tenant}.{secret}`.
pub(super) fn tenant_of(token: &str) -> Option<TenantId> {
    let (tenant, secret) = token.split_once('.')?;
    let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_');
    if token.len() > MAX_TOKEN || secret.is_empty() || !secret.bytes().all(plain) {
        return None;
    }
    let id = Uuid::try_parse(tenant).ok()?;
    // One spelling only, that in which tokens are made.
    (id.to_string() == tenant).then(|| TenantId::new(id))
}

/// Whether the body of a request is the form of such a page, in either encoding in which mail
/// programs may send it. Reads no more than a form.
pub(super) async fn is_form<B>(kind: Kind, body: B) -> bool
where
    B: Body<Data = Bytes>,
    B::Error: Into<StdError>,
{
    let form = Limited::new(body, MAX_FORM).collect();
    let Ok(Ok(form)) = tokio::time::timeout(FORM_TIMEOUT, form).await else {
        return false;
    };
    let form = String::from_utf8_lossy(&form.to_bytes()).into_owned();
    let (name, value) = kind.field();
    let encoded = format!("{name}={value}");
    let part = format!("name=\"{name}\"");
    form.split('&').any(|it| it.trim() == encoded)
        || form.contains(&part) && form.lines().any(|it| it.trim() == value)
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    const TENANT: &str = "0190e5a4-0000-7000-8000-00000000000a";

    #[test]
    fn a_link_names_its_tenant() {
        let link = Link::parse(&format!("/u/{TENANT}.aB-_9")).unwrap();
        assert_eq!(link.kind, Kind::Unsubscribe);
        assert_eq!(link.tenant.to_string(), TENANT);
        assert_eq!(link.token, format!("{TENANT}.aB-_9"));
        let link = Link::parse(&format!("/c/{TENANT}.a")).unwrap();
        assert_eq!(link.kind, Kind::Confirm);
    }

    #[test]
    fn what_has_another_form_is_no_link() {
        let long = "a".repeat(MAX_TOKEN);
        let upper = TENANT.to_uppercase();
        for path in [
            "/".to_owned(),
            "/u/".to_owned(),
            format!("/u/{TENANT}"),
            format!("/u/{TENANT}."),
            format!("/u/{TENANT}.a/b"),
            format!("/u/{TENANT}.a%2e"),
            format!("/u/{TENANT}.{long}"),
            format!("/u/{upper}.a"),
            format!("/x/{TENANT}.a"),
            format!("/{TENANT}.a"),
        ] {
            assert_eq!(Link::parse(&path), None, "{path}");
        }
    }

    #[tokio::test]
    async fn the_form_is_read_in_both_encodings_of_mail_programs() {
        let multipart = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\
                         \r\nOne-Click\r\n--b--\r\n";
        for form in ["List-Unsubscribe=One-Click", multipart] {
            assert!(is_form(Kind::Unsubscribe, Full::from(form)).await);
            assert!(!is_form(Kind::Confirm, Full::from(form)).await);
        }
        let long = format!("List-Unsubscribe=One-Click&a={}", "a".repeat(MAX_FORM));
        for form in ["", "List-Unsubscribe=Two-Clicks", long.as_str()] {
            let form = Full::from(form.to_owned());
            assert!(!is_form(Kind::Unsubscribe, form).await);
        }
    }
}
