//! Which headers of a call are believed, and which are passed on.

use http::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue};
use rapport_platform::identity::CALL_ID_HEADER;
use uuid::Uuid;

/// What begins like this is said by the gateway alone.
const INTERNAL_PREFIX: &str = "x-rapport-";

/// Belong to one connection and not to the call (RFC 9110, 7.6.1).
const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-authenticate"),
    HeaderName::from_static("proxy-authorization"),
    HeaderName::from_static("proxy-connection"),
];

/// Removes what the caller must not say, or what was meant for our connection only.
pub(super) fn sanitise(headers: &mut HeaderMap) {
    let internal: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with(INTERNAL_PREFIX))
        .cloned()
        .collect();
    for name in internal.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    headers.remove(CALL_ID_HEADER);
}

/// What a service needs of the caller's headers. The caller's token stays here: services
/// believe the internal identity, and what they cannot see they cannot log.
pub(super) fn forwarded(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    headers.remove(AUTHORIZATION);
    // Asked for by the gRPC specification of every request.
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers
}

/// The call's id, for requests and answers.
pub(super) fn call_id_value(call_id: Uuid) -> HeaderValue {
    let mut buffer = Uuid::encode_buffer();
    // Hexadecimal digits and hyphens are valid in a header.
    HeaderValue::from_str(call_id.hyphenated().encode_lower(&mut buffer))
        .unwrap_or(HeaderValue::from_static(""))
}

/// Whether the body is gRPC with protobuf messages.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return false;
    };
    let media_type = value.as_bytes().split(|byte| *byte == b';').next();
    let media_type = media_type.unwrap_or_default().trim_ascii();
    media_type.eq_ignore_ascii_case(b"application/grpc")
        || media_type.eq_ignore_ascii_case(b"application/grpc+proto")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_cannot_speak_for_the_gateway() {
        let mut headers = HeaderMap::new();
        for name in [
            "x-rapport-identity",
            "x-rapport-anything",
            "x-request-id",
            "connection",
            "te",
        ] {
            headers.append(name, HeaderValue::from_static("mine"));
            headers.append(name, HeaderValue::from_static("again"));
        }
        headers.insert("x-mine", HeaderValue::from_static("kept"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer token"));
        sanitise(&mut headers);
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["authorization", "x-mine"]);

        let forwarded = forwarded(&headers);
        assert_eq!(forwarded["te"], "trailers");
        assert!(!forwarded.contains_key(AUTHORIZATION));
    }

    #[test]
    fn only_grpc_with_protobuf_is_grpc() {
        let grpc = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(value));
            is_grpc(&headers)
        };
        for yes in [
            "application/grpc",
            "application/grpc+proto",
            "Application/GRPC; charset=utf-8",
        ] {
            assert!(grpc(yes), "{yes}");
        }
        for no in [
            "application/grpc-web",
            "application/grpc+json",
            "application/json",
            "",
        ] {
            assert!(!grpc(no), "{no}");
        }
        assert!(!is_grpc(&HeaderMap::new()));
    }
}
