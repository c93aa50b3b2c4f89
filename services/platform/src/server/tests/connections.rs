use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tonic_types::StatusExt as _;

use super::*;

/// Routes whose calls report that they began, and end when they are let.
fn held() -> (Routes, mpsc::UnboundedReceiver<()>, Arc<Notify>) {
    let (began, begins) = mpsc::unbounded_channel();
    let let_go = Arc::new(Notify::new());
    let held = Arc::clone(&let_go);
    let routes = work(move |_| {
        let (began, held) = (began.clone(), Arc::clone(&held));
        async move {
            let _ = began.send(());
            held.notified().await;
            ok()
        }
    });
    (routes, begins, let_go)
}

#[tokio::test]
async fn a_drain_lets_open_calls_end_and_refuses_new_ones() {
    let (routes, mut begins, let_go) = held();
    let server = Running::start(routes).await;
    let link = server.link();
    let open = tokio::spawn({
        let link = link.clone();
        async move { call(&link, request(CALL)).await }
    });
    begins.recv().await.unwrap();

    server.drain.begin();
    timeout(SOON, async {
        while TcpStream::connect(server.address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("new connections are refused");
    assert!(
        call(&server.link(), request(CALL)).await.is_err(),
        "so are new calls"
    );
    assert!(!server.serving.is_finished(), "the open call is waited for");

    let_go.notify_one();
    assert_eq!(open.await.unwrap(), Ok(Code::Ok));
    server.ended().await;
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_a_drain() {
    let server = Running::start(work(async |_| ok())).await;
    let link = server.link();
    assert_eq!(call(&link, request(CALL)).await, Ok(Code::Ok));
    server.drain.begin();
    server.ended().await;
}

#[tokio::test]
async fn a_call_that_outlasts_the_drain_is_dropped_and_told_to_come_again() {
    let (routes, mut begins, _never) = held();
    let timeout = Duration::from_millis(100);
    let drain = DrainConfig {
        announce: Duration::ZERO,
        timeout,
    };
    let server = Running::start_with(routes, ConnectionLimits::default(), drain).await;
    let link = server.link();
    let open = tokio::spawn(async move { call(&link, request(CALL)).await });
    begins.recv().await.unwrap();

    let begun = Instant::now();
    server.drain.begin();
    server.ended().await;
    assert!(begun.elapsed() >= timeout);
    assert_eq!(open.await.unwrap(), Ok(Code::Unavailable));
}

#[tokio::test]
async fn work_stops_when_its_caller_resets_the_call() {
    struct Stopped(mpsc::UnboundedSender<()>);
    impl Drop for Stopped {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (began, mut begins) = mpsc::unbounded_channel();
    let (stopped, mut stops) = mpsc::unbounded_channel();
    let server = Running::start(work(move |_| {
        let (began, work) = (began.clone(), Stopped(stopped.clone()));
        async move {
            let _ = began.send(());
            std::future::pending::<()>().await;
            drop(work);
            ok()
        }
    }))
    .await;
    let link = server.link();
    let waiting = tokio::spawn(async move { call(&link, request(CALL)).await });
    begins.recv().await.unwrap();

    waiting.abort();
    timeout(SOON, stops.recv())
        .await
        .expect("the work is dropped");
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_hung_up_on() {
    let limits = ConnectionLimits {
        handshake_timeout: Duration::from_millis(50),
        ..ConnectionLimits::default()
    };
    let server = Running::start_with(work(async |_| ok()), limits, DrainConfig::default()).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    silent.write_all(b"PRI * HT").await.unwrap();
    let mut rest = Vec::new();
    timeout(SOON, silent.read_to_end(&mut rest))
        .await
        .expect("the server hangs up")
        .unwrap();

    let link = server.link();
    assert_eq!(call(&link, request(CALL)).await, Ok(Code::Ok));
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.drain.begin();
    server.ended().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let limits = ConnectionLimits {
        max_connections: 1,
        ..ConnectionLimits::default()
    };
    let server = Running::start_with(work(async |_| ok()), limits, DrainConfig::default()).await;
    let first = server.link();
    assert_eq!(call(&first, request(CALL)).await, Ok(Code::Ok));

    let second = server.link();
    let waits = timeout(Duration::from_millis(200), call(&second, request(CALL))).await;
    assert!(
        waits.is_err(),
        "no answer while the first connection is open"
    );
    drop(first);
    let answered = timeout(SOON, call(&second, request(CALL))).await;
    assert_eq!(answered.unwrap(), Ok(Code::Ok));
}

#[tokio::test]
async fn headers_beyond_the_limit_are_refused() {
    let limits = ConnectionLimits {
        max_header_list_bytes: 2048,
        ..ConnectionLimits::default()
    };
    let server = Running::start_with(work(async |_| ok()), limits, DrainConfig::default()).await;
    let mut large = request(CALL);
    large
        .headers_mut()
        .insert("x-large", "x".repeat(4096).parse().unwrap());
    assert_ne!(call(&server.link(), large).await, Ok(Code::Ok));
    assert_eq!(call(&server.link(), request(CALL)).await, Ok(Code::Ok));
}

/// What a client says first, and then nothing ever again: the preface and empty settings.
const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

#[tokio::test]
async fn a_peer_that_no_longer_answers_is_dropped_and_one_that_does_is_kept() {
    let limits = ConnectionLimits {
        keep_alive_interval: Duration::from_millis(100),
        keep_alive_timeout: Duration::from_millis(200),
        ..ConnectionLimits::default()
    };
    let (routes, mut begins, let_go) = held();
    let server = Running::start_with(routes, limits, DrainConfig::default()).await;
    let link = server.link();
    let waiting = tokio::spawn(async move { call(&link, request(CALL)).await });
    begins.recv().await.unwrap();

    let mut silent = TcpStream::connect(server.address).await.unwrap();
    silent.write_all(GREETING).await.unwrap();
    let mut told = Vec::new();
    timeout(SOON, silent.read_to_end(&mut told))
        .await
        .expect("the server hangs up")
        .unwrap();
    assert!(!told.is_empty(), "it was greeted and asked first");

    tokio::time::sleep(Duration::from_secs(1)).await;
    let_go.notify_one();
    assert_eq!(waiting.await.unwrap(), Ok(Code::Ok), "its client answers");
}

#[tokio::test]
async fn calls_beyond_a_connections_limit_wait_for_their_turn() {
    let limits = ConnectionLimits {
        max_concurrent_streams: 2,
        ..ConnectionLimits::default()
    };
    let (routes, mut begins, let_go) = held();
    let server = Running::start_with(routes, limits, DrainConfig::default()).await;
    let link = server.link();
    // The client learns the limit with the first answer.
    let_go.notify_one();
    assert_eq!(call(&link, request(CALL)).await, Ok(Code::Ok));
    begins.recv().await.unwrap();

    let calls: Vec<_> = (0..3)
        .map(|_| {
            let link = link.clone();
            tokio::spawn(async move { call(&link, request(CALL)).await })
        })
        .collect();
    for _ in 0..2 {
        begins.recv().await.unwrap();
    }
    let third = timeout(Duration::from_millis(200), begins.recv()).await;
    assert!(third.is_err(), "the third is not begun");
    assert!(calls.iter().all(|it| !it.is_finished()), "nor refused");

    let_go.notify_one();
    timeout(SOON, begins.recv())
        .await
        .expect("its turn")
        .unwrap();
    let_go.notify_waiters();
    for call in calls {
        assert_eq!(timeout(SOON, call).await.unwrap().unwrap(), Ok(Code::Ok));
    }
}

#[tokio::test]
async fn calls_beyond_the_process_limit_are_refused_with_a_delay() {
    let (routes, mut begins, let_go) = held();
    let server = Running::start_admitting(routes, 2).await;
    // Over two connections: the bound is the process', not the connection's.
    let calls = [server.link(), server.link()]
        .map(|link| tokio::spawn(async move { call(&link, request(CALL)).await }));
    for _ in 0..2 {
        begins.recv().await.unwrap();
    }
    let refused = server.link().oneshot(request(CALL)).await.unwrap();
    let status = Status::from_header_map(refused.headers()).unwrap();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "OVERLOADED");
    let delay = details.retry_info().unwrap().retry_delay;
    assert_eq!(delay, Some(Duration::from_secs(1)));

    let_go.notify_waiters();
    for call in calls {
        assert_eq!(timeout(SOON, call).await.unwrap().unwrap(), Ok(Code::Ok));
    }
    let_go.notify_one();
    assert_eq!(call(&server.link(), request(CALL)).await, Ok(Code::Ok));
}
