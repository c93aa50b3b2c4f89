//! Calendars that programs read at an address with a token in it, as iCalendar.
//!
//! Whoever has the address needs no account. The sales service keeps no more of the token than its
//! hash, and ends it when its owner asks for another.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use rapport_platform::identity::TenantId;
use sha2::{Digest as _, Sha256};

use super::request::tenant_of;

/// What every feed carries. Its owner's program may keep it for a while, nobody in between.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (
        CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=300"),
    ),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        CONTENT_DISPOSITION,
        HeaderValue::from_static("inline; filename=\"calendar.ics\""),
    ),
    (
        HeaderName::from_static("x-robots-tag"),
        HeaderValue::from_static("noindex"),
    ),
];
const CALENDAR: HeaderValue = HeaderValue::from_static("text/calendar; charset=utf-8");

/// An address that has the form of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Feed {
    /// Whose, by the token's own word: whoever knows the rest checks it.
    pub(super) tenant: TenantId,
    pub(super) token: String,
}

impl Feed {
    /// Reads the path of a request: `/f/{token}.ics`.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let token = path.strip_prefix("/f/")?;
        let token = token.strip_suffix(".ics").unwrap_or(token);
        Some(Self {
            tenant: tenant_of(token)?,
            token: token.to_owned(),
        })
    }
}

/// The answer with a calendar, or with word that it is what the program has already.
pub(super) fn show(content: String, asked: &HeaderMap) -> Response<Full<Bytes>> {
    let hash = Sha256::digest(&content);
    let hash: String = hash.iter().take(16).map(|it| format!("{it:02x}")).collect();
    let tag = format!("\"{hash}\"");
    let known = asked.get_all(IF_NONE_MATCH).iter();
    let mut known = known
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','));
    let same =
        known.any(|it| matches!(it.trim().trim_start_matches("W/"), it if it == tag || it == "*"));
    let body = if same {
        Bytes::new()
    } else {
        Bytes::from(content)
    };
    let mut response = Response::new(Full::new(body));
    let headers = response.headers_mut();
    headers.extend(HEADERS);
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    match same {
        true => *response.status_mut() = StatusCode::NOT_MODIFIED,
        false => {
            headers.insert(CONTENT_TYPE, CALENDAR);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    const TENANT: &str = "0190e5a4-0000-7000-8000-00000000000a";

    #[test]
    fn an_address_names_its_tenant() {
        for path in [
            format!("/f/{TENANT}.aB-_9.ics"),
            format!("/f/{TENANT}.aB-_9"),
        ] {
            let feed = Feed::parse(&path).unwrap();
            assert_eq!(feed.tenant.to_string(), TENANT);
            assert_eq!(feed.token, format!("{TENANT}.aB-_9"));
        }
        for path in ["/f/", "/f/a.ics", "/u/", "/f/..ics"] {
            assert_eq!(Feed::parse(path), None, "{path}");
        }
        assert_eq!(Feed::parse(&format!("/f/{TENANT}.a/b.ics")), None);
        assert_eq!(Feed::parse(&format!("/f/{TENANT}..ics")), None);
    }

    #[tokio::test]
    async fn a_program_that_has_the_calendar_gets_it_once() {
        let first = show("BEGIN:VCALENDAR".to_owned(), &HeaderMap::new());
        assert_eq!(
            first.headers()[CONTENT_TYPE],
            "text/calendar; charset=utf-8"
        );
        assert_eq!(first.headers()[CACHE_CONTROL], "private, max-age=300");
        let tag = first.headers()[ETAG].clone();
        let body = first.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, "BEGIN:VCALENDAR");

        let mut asked = HeaderMap::new();
        asked.insert(IF_NONE_MATCH, tag);
        let again = show("BEGIN:VCALENDAR".to_owned(), &asked);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(
            again
                .into_body()
                .collect()
                .await
                .unwrap()
                .to_bytes()
                .is_empty()
        );
        let changed = show("BEGIN:VCALENDAR2".to_owned(), &asked);
        assert_eq!(changed.status(), StatusCode::OK);
    }
}
