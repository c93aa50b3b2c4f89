use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};

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
async fn a_call_that_outlasts_the_drain_is_dropped() {
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
    assert_ne!(open.await.unwrap(), Ok(Code::Ok));
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
