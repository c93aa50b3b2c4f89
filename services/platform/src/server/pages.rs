//! The HTTP/1.1 front end, for browsers and mail programs: accepts connections within limits and
//! ends them in order.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;
use tonic::codegen::StdError;

use super::drain::Drain;

/// Further ones wait in the system's queue.
const MAX_CONNECTIONS: usize = 512;
/// Time that a connection has to send a request's headers; also, how long it may idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest life of a connection; a page is one request.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of a request's headers.
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Answers requests on `listener` until the drain is through: then it takes no connection, lets
/// open ones finish their request, and returns when they have or the drain aborts.
pub async fn serve_pages<S, B>(listener: TcpListener, service: S, drain: Drain)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<StdError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<StdError>,
{
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let connections = TaskTracker::new();
    loop {
        // The semaphore is never closed.
        let place = Arc::clone(&places).acquire_owned();
        let place = tokio::select! {
            () = drain.closing() => break,
            place = place => place.ok(),
        };
        let accepted = tokio::select! {
            () = drain.closing() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let serving = connection(stream, service.clone(), drain.clone());
        connections.spawn(async move {
            serving.await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn connection<S, B>(stream: TcpStream, service: S, drain: Drain)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<StdError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<StdError>,
{
    let http = Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut http = pin!(http);
    let mut end = pin!(sleep(CONNECTION_TIMEOUT));
    let mut open = true;
    loop {
        tokio::select! {
            // Peers that are slow or gone are of no interest.
            _ = http.as_mut() => return,
            () = end.as_mut() => return,
            () = drain.aborted() => return,
            () = drain.closing(), if open => {
                open = false;
                http.as_mut().graceful_shutdown();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::net::SocketAddr;

    use http_body_util::Full;
    use hyper::body::Bytes;
    use hyper::service::service_fn;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::task::JoinHandle;
    use tokio::time::timeout;

    use super::super::drain::DrainConfig;
    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    async fn start() -> (SocketAddr, Drain, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = service_fn(|request: Request<Incoming>| async move {
            let body = format!("{} {}", request.method(), request.uri().path());
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(body))))
        });
        let drain = Drain::new(DrainConfig::default());
        let serving = tokio::spawn(serve_pages(listener, service, drain.clone()));
        (address, drain, serving)
    }

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("{request} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn browsers_are_answered_over_plain_http() {
        let (address, _drain, _serving) = start().await;
        let answer = ask(address, "GET /u/1").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nGET /u/1"), "{answer}");
        let answer = ask(address, "HEAD /u/1").await;
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    }

    #[tokio::test]
    async fn it_ends_with_the_drain_whoever_is_still_connected() {
        let (address, drain, serving) = start().await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        ask(address, "GET /u/1").await;
        drain.begin();
        timeout(SOON, serving).await.unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
        assert_eq!(idle.read(&mut [0; 8]).await.unwrap(), 0);
    }
}
