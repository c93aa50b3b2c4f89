//! Streams, deadlines and callers who go away.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, future, stream};
use http_body_util::Full;
use rapport_platform::server::parse_timeout;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};
use tower::ServiceExt as _;

use crate::kit::{Caller, Note, Running, SOON, Setting, framed, reason};

fn numbered(number: i32) -> Note {
    Note {
        number,
        ..Note::default()
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < SOON, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_may_take_hours_at_the_service_behind_too() {
    let gateway = Running::start().await;
    let waits = http::Request::post("/test.v1.Notes/Wait")
        .header("content-type", "application/grpc")
        .header("authorization", format!("Bearer {}", gateway.local_token()))
        .header("grpc-timeout", "2H")
        .body(Full::from(framed(b"")))
        .unwrap();
    let begun = tokio::time::Instant::now();
    let answer = gateway.service.clone().oneshot(waits).await.unwrap();
    let status = Status::from_header_map(answer.headers()).unwrap();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(begun.elapsed().as_secs() / 60, 120);
}

#[tokio::test]
async fn a_conversation_goes_back_and_forth() {
    let gateway = Running::start().await;
    let caller = gateway.administrator().await;
    let (send, receive) = mpsc::channel(1);
    send.send(numbered(0)).await.unwrap();
    let mut answers = caller
        .stream("Chat", ReceiverStream::new(receive))
        .await
        .unwrap();
    for round in 1..=20 {
        let answer = timeout(SOON, answers.message())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert_eq!(answer.number, 2 * round - 1);
        send.send(numbered(answer.number + 1)).await.unwrap();
    }
    drop(send);
    while answers.message().await.unwrap().is_some() {}
}

#[tokio::test]
async fn the_first_message_of_a_stream_is_judged() {
    let gateway = Running::start().await;
    let caller = gateway.administrator().await;
    let refused = caller
        .client_stream("Sum", stream::iter([numbered(-1), numbered(1)]))
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "INVALID_FIELD");
    // What follows is the service's to judge.
    let sum = caller
        .client_stream(
            "Sum",
            stream::iter([numbered(1), numbered(-1), numbered(7)]),
        )
        .await;
    assert_eq!(sum.unwrap().number, 7);
    assert_eq!(
        caller
            .client_stream("Sum", stream::empty())
            .await
            .unwrap()
            .number,
        0
    );
}

#[tokio::test]
async fn a_long_stream_of_requests_passes() {
    let gateway = Running::start().await;
    let caller = gateway.administrator().await;
    let notes = stream::iter((0..10_000).map(|_| Note {
        text: vec![7; 1_000].into(),
        ..numbered(1)
    }));
    assert_eq!(
        caller.client_stream("Sum", notes).await.unwrap().number,
        10_000
    );
}

#[tokio::test]
async fn a_stream_of_answers_passes() {
    let gateway = Running::start().await;
    let answers = gateway
        .administrator()
        .await
        .server_stream("Count", numbered(5_000))
        .await
        .unwrap();
    let numbers: Vec<i32> = answers.map(|note| note.unwrap().number).collect().await;
    assert!(numbers.into_iter().eq(1..=5_000));
}

#[tokio::test]
async fn two_hundred_calls_at_once_all_get_their_own_answer() {
    let gateway = Running::start().await;
    let caller = gateway.administrator().await;
    let calls = (0..200).map(|number| {
        let caller = caller.clone();
        async move {
            let note = Note {
                text: vec![7; 20_000].into(),
                ..numbered(number)
            };
            let answer = caller.unary("Echo", note.clone()).await.unwrap();
            assert_eq!(answer, note);
        }
    });
    timeout(SOON, future::join_all(calls)).await.unwrap();
}

#[tokio::test]
async fn the_deadline_shrinks_on_the_way() {
    let gateway = Running::start().await;
    let caller = gateway.administrator().await;
    let mut request = caller.request(Note::default());
    request.set_timeout(Duration::from_secs(5));
    caller.send("Echo", request).await.unwrap();
    caller.unary("Echo", Note::default()).await.unwrap();
    drop(
        caller
            .server_stream("Count", Note::default())
            .await
            .unwrap(),
    );

    let calls = gateway.notes.calls();
    let left = |call: usize| parse_timeout(calls[call].headers["grpc-timeout"].as_bytes()).unwrap();
    let second = Duration::from_secs(1);
    assert!(
        left(0) < 5 * second && left(0) > 4 * second,
        "what the caller allows: {:?}",
        left(0)
    );
    assert!(
        left(1) < 30 * second && left(1) > 29 * second,
        "the default: {:?}",
        left(1)
    );
    assert!(
        left(2) < 3_600 * second && left(2) > 3_590 * second,
        "for streams: {:?}",
        left(2)
    );
}

#[tokio::test]
async fn work_ends_with_the_deadline() {
    let mut setting = Setting::new();
    setting.config.limits.unary_deadline = Duration::from_millis(200);
    let gateway = setting.start().await;
    let caller = gateway.administrator().await;
    let refused = timeout(SOON, caller.unary("Wait", Note::default()))
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED")
    );
    until("the work was not stopped", || gateway.notes.waiting() == 0).await;
}

#[tokio::test]
async fn work_ends_when_the_caller_is_gone() {
    let gateway = Running::start().await;
    let caller = gateway.administrator().await;
    let waiting = tokio::spawn({
        let caller = caller.clone();
        async move { caller.unary("Wait", Note::default()).await }
    });
    until("the call never arrived", || gateway.notes.waiting() == 1).await;
    waiting.abort();
    until("the work goes on for nobody", || {
        gateway.notes.waiting() == 0
    })
    .await;
}

#[tokio::test]
async fn a_caller_who_sends_half_a_message_is_let_go_at_the_deadline() {
    let mut setting = Setting::new();
    setting.config.limits.stream_deadline = Duration::from_millis(200);
    let gateway = setting.start().await;
    let caller = gateway.administrator().await;
    let silent = caller.client_stream("Sum", stream::pending());
    let refused = timeout(SOON, silent).await.unwrap().unwrap_err();
    assert_eq!(refused.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn an_answer_that_breaks_off_ends_with_a_status() {
    let gateway = Running::start().await;
    let mut answers = gateway
        .administrator()
        .await
        .server_stream("Lose", Note::default())
        .await
        .unwrap();
    assert!(answers.message().await.unwrap().is_some());
    let lost = answers.message().await.unwrap_err();
    assert_eq!(
        (lost.code(), reason(&lost).as_str()),
        (Code::Unavailable, "UNAVAILABLE")
    );
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unavailable() {
    let mut setting = Setting::new();
    let nowhere = tonic::transport::Endpoint::from_static("http://127.0.0.1:1").connect_lazy();
    setting.links.insert("test.v1.Notes", nowhere.into());
    let gateway = setting.start().await;
    let refused = gateway
        .administrator()
        .await
        .unary("Echo", Note::default())
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::Unavailable, "UNAVAILABLE")
    );
    use tonic_types::StatusExt as _;
    assert!(refused.get_details_retry_info().is_some());
}

#[tokio::test]
async fn more_calls_than_allowed_are_told_to_come_back() {
    let mut setting = Setting::new();
    setting.max_calls = 1;
    let gateway = setting.start().await;
    let caller: Caller = gateway.administrator().await;
    let waiting = tokio::spawn({
        let caller = caller.clone();
        async move { caller.unary("Wait", Note::default()).await }
    });
    until("the call never arrived", || gateway.notes.waiting() == 1).await;
    let refused = caller.unary("Echo", Note::default()).await.unwrap_err();
    assert_eq!(reason(&refused), "OVERLOADED");
    waiting.abort();
    until("the place is never free", || gateway.notes.waiting() == 0).await;
    assert!(caller.unary("Echo", Note::default()).await.is_ok());
}
