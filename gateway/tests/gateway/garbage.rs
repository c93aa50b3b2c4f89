//! Any bytes get a status with a reason, soon, and never end the gateway.

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::kit::{Note, Raw, Running, SOON};

const METHODS: [&str; 7] = ["Echo", "Send", "Count", "Sum", "Chat", "Hidden", "Nothing"];

/// Bodies from noise to nearly right.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let noise = || prop::collection::vec(any::<u8>(), 0..200);
    let framed = (0u8..3, noise(), -3i32..4).prop_map(|(flag, message, off)| {
        let length = (message.len() as i32 + off).max(0) as u32;
        [&[flag][..], &length.to_be_bytes(), &message].concat()
    });
    prop_oneof![
        noise(),
        framed.clone(),
        prop::collection::vec(framed, 0..4).prop_map(|frames| frames.concat()),
        any::<u32>().prop_map(|length| [&[0][..], &length.to_be_bytes()].concat()),
    ]
}

fn headers() -> impl Strategy<Value = HeaderMap> {
    let name = prop::sample::select(vec![
        "grpc-encoding",
        "grpc-accept-encoding",
        "grpc-timeout",
        "x-rapport-identity",
        "x-request-id",
        "traceparent",
        "tracestate",
        "user-agent",
        "x-other-bin",
    ]);
    let value = prop_oneof![
        "[ -~]{0,40}",
        prop::sample::select(vec![
            "gzip",
            "zstd",
            "identity",
            "1S",
            "0n",
            "99999999H",
            "-1"
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec((name, value), 0..4).prop_map(|pairs| {
        let pairs = pairs.into_iter().filter_map(|(name, value)| {
            Some((
                HeaderName::from_static(name),
                HeaderValue::from_str(&value).ok()?,
            ))
        });
        pairs.collect()
    })
}

async fn answer(mut raw: Raw, method: &str, extra: HeaderMap, body: Vec<u8>) -> Status {
    let mut headers = raw.headers();
    headers.extend(extra);
    let path = format!("/test.v1.Notes/{method}");
    timeout(SOON, raw.status(&path, headers, body))
        .await
        .expect("the gateway hangs")
}

#[test]
fn any_bytes_get_a_status_with_a_reason() {
    let runtime = Runtime::new().unwrap();
    let _entered = runtime.enter();
    let (gateway, raw) = runtime.block_on(async {
        let gateway = Running::start().await;
        let raw = gateway.raw().await;
        (gateway, raw)
    });
    let mut runner = TestRunner::new(Config {
        cases: 300,
        ..Config::default()
    });
    let inputs = (prop::sample::select(&METHODS[..]), headers(), body());
    let ran = runner.run(&inputs, |(method, headers, body)| {
        let before = gateway.notes.calls().len();
        let status = runtime.block_on(answer(raw.clone(), method, headers, body));
        // What reaches the service is the service's to answer.
        if gateway.notes.calls().len() == before {
            prop_assert!(
                !matches!(status.code(), Code::Ok | Code::Internal),
                "{status:?}"
            );
            prop_assert!(
                status.get_details_error_info().is_some(),
                "no reason: {status:?}"
            );
        }
        Ok(())
    });
    ran.unwrap();
    let alive = runtime.block_on(async {
        gateway
            .administrator()
            .await
            .unary("Echo", Note::default())
            .await
    });
    assert!(alive.is_ok());
}
