//! What is read of a message, and what reaches the service.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use http::HeaderValue;
use prost::Message as _;
use tonic::Code;
use tonic::codec::CompressionEncoding;
use tonic_types::StatusExt as _;

use crate::kit::{Note, Running, framed, reason};

const ECHO: &str = "/test.v1.Notes/Echo";

fn text(bytes: usize) -> Note {
    Note {
        text: Bytes::from(vec![b'x'; bytes]),
        ..Note::default()
    }
}

fn gzip(message: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(message).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn large_messages_pass_and_too_large_ones_are_refused() {
    let gateway = Running::start().await;
    let caller = gateway.administrator().await;
    let answer = caller.unary("Echo", text(3 << 20)).await.unwrap();
    assert_eq!(answer.text.len(), 3 << 20);

    let refused = caller.unary("Echo", text(5 << 20)).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::ResourceExhausted, "MESSAGE_TOO_LARGE")
    );
    assert_eq!(
        refused.get_details_error_info().unwrap().metadata["limit_bytes"],
        "4194304"
    );
}

#[tokio::test]
async fn compressed_requests_are_judged_and_passed_on_as_they_are() {
    let gateway = Running::start().await;
    let caller = gateway.administrator().await;
    let caller = caller.compressing(CompressionEncoding::Gzip);
    let answer = caller.unary("Echo", text(100_000)).await.unwrap();
    assert_eq!(answer.text.len(), 100_000);
    let wrong = Note {
        number: -1,
        ..text(1_000)
    };
    let refused = caller.unary("Echo", wrong).await.unwrap_err();
    assert_eq!(
        reason(&refused),
        "INVALID_FIELD",
        "the rules hold for compressed messages"
    );
    let calls = gateway.notes.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].headers["grpc-encoding"], "gzip");
}

#[tokio::test]
async fn answers_are_compressed_for_callers_who_accept_it() {
    let gateway = Running::start().await;
    let mut raw = gateway.raw().await;
    let plain = raw.headers();
    let mut accepting = raw.headers();
    accepting.insert("grpc-accept-encoding", HeaderValue::from_static("gzip"));
    let rules = "/rapport.gateway.v1.AccessService/ListMethodRules";

    let (head, compressed, _) = raw.send(rules, accepting, framed(b"")).await;
    assert_eq!(head.headers["grpc-encoding"], "gzip");
    assert_eq!(compressed[0], 1);
    let (head, plain, _) = raw.send(rules, plain, framed(b"")).await;
    assert!(!head.headers.contains_key("grpc-encoding"));
    assert_eq!(plain[0], 0);

    let mut message = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&compressed[5..]);
    decoder.read_to_end(&mut message).unwrap();
    assert_eq!(message, plain[5..], "the same answer");
}

#[tokio::test]
async fn the_gateways_own_service_reads_compressed_requests() {
    let gateway = Running::start().await;
    let mut raw = gateway.raw().await;
    let mut headers = raw.headers();
    headers.insert("grpc-encoding", HeaderValue::from_static("gzip"));
    let mut request = framed(&gzip(b""));
    request[0] = 1;
    let who = "/rapport.gateway.v1.AccessService/WhoAmI";
    assert_eq!(raw.status(who, headers, request).await.code(), Code::Ok);
}

#[tokio::test]
async fn a_bomb_is_refused() {
    let gateway = Running::start().await;
    let mut raw = gateway.raw().await;
    let mut headers = raw.headers();
    headers.insert("grpc-encoding", HeaderValue::from_static("gzip"));
    let mut bomb = framed(&gzip(&vec![0; 64 << 20]));
    bomb[0] = 1;
    assert!(bomb.len() < 100_000);
    let status = raw.status(ECHO, headers, bomb).await;
    assert_eq!(reason(&status), "MESSAGE_TOO_LARGE");
}

#[tokio::test]
async fn an_unknown_compression_is_refused() {
    let gateway = Running::start().await;
    let mut raw = gateway.raw().await;
    let mut headers = raw.headers();
    headers.insert("grpc-encoding", HeaderValue::from_static("snappy"));
    let status = raw.status(ECHO, headers, vec![1, 0, 0, 0, 1, 7]).await;
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unimplemented, "UNSUPPORTED_COMPRESSION")
    );
}

#[tokio::test]
async fn invalid_fields_are_named() {
    let gateway = Running::start().await;
    let caller = gateway.administrator().await;
    let refused = caller
        .unary(
            "Echo",
            Note {
                number: -1,
                ..Note::default()
            },
        )
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::InvalidArgument, "INVALID_FIELD")
    );
    let violation = &refused.get_details_bad_request().unwrap().field_violations[0];
    assert_eq!(violation.field, "number");
    assert!(
        violation.description.contains("greater than or equal to 0"),
        "{}",
        violation.description
    );
    assert!(gateway.notes.calls().is_empty());
}

#[tokio::test]
async fn a_second_message_cannot_be_smuggled_behind_the_judged_one() {
    let gateway = Running::start().await;
    let mut raw = gateway.raw().await;
    let good = framed(&Note::default().encode_to_vec());
    let bad = framed(
        &Note {
            number: -1,
            ..Note::default()
        }
        .encode_to_vec(),
    );
    let headers = raw.headers();
    let status = raw.status(ECHO, headers, [good, bad].concat()).await;
    assert_eq!(reason(&status), "MALFORMED_MESSAGE");
    assert!(gateway.notes.calls().is_empty());
}

#[tokio::test]
async fn a_duplicate_field_is_judged_as_the_service_reads_it() {
    let gateway = Running::start().await;
    let mut raw = gateway.raw().await;
    let decoy = Note {
        number: 1,
        ..Note::default()
    }
    .encode_to_vec();
    let real = Note {
        number: -1,
        ..Note::default()
    }
    .encode_to_vec();
    let headers = raw.headers();
    let status = raw
        .status(ECHO, headers, framed(&[decoy, real].concat()))
        .await;
    assert_eq!(reason(&status), "INVALID_FIELD");
}

#[tokio::test]
async fn what_a_caller_without_permission_sends_is_not_read() {
    let gateway = Running::start().await;
    let caller = gateway.somebody(&["reader"], 60).await;
    let refused = caller.unary("Hidden", text(3 << 20)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}
