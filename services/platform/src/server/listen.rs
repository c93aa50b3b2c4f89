//! The HTTP/2 front end: accepts connections within limits and ends them in order.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::task::TaskTracker;
use tonic::body::Body;
use tonic::codegen::StdError;

use super::drain::Drain;
use super::farewell::or_farewell;
use super::handshake::Greeting;
use crate::telemetry::call_id;

/// Time to tell callers that their calls are not waited for any longer.
const FAREWELL: Duration = Duration::from_millis(500);

/// What one peer may ask of a listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionLimits {
    /// Open connections per listener; further ones wait in the system's queue.
    pub max_connections: u32,
    /// Open calls per connection.
    pub max_concurrent_streams: u32,
    /// Bytes of a call's headers, as HTTP/2 counts them.
    pub max_header_list_bytes: u32,
    /// Time a new connection has to send HTTP/2's preface.
    #[serde(with = "crate::config::duration")]
    pub handshake_timeout: Duration,
    /// Idle time after which the peer is asked whether it is still there.
    #[serde(with = "crate::config::duration")]
    pub keep_alive_interval: Duration,
    /// Time it has to answer before its connection is closed.
    #[serde(with = "crate::config::duration")]
    pub keep_alive_timeout: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            max_concurrent_streams: 256,
            max_header_list_bytes: 16 * 1024,
            handshake_timeout: Duration::from_secs(10),
            keep_alive_interval: Duration::from_secs(60),
            keep_alive_timeout: Duration::from_secs(20),
        }
    }
}

/// Answers calls on `listener` until the drain is through: then it takes no connection,
/// tells open ones to go away, and returns when their calls have ended, or were told to come again as
/// the drain aborts.
pub async fn serve<S, B>(listener: TcpListener, service: S, limits: &ConnectionLimits, drain: Drain)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<StdError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError>,
{
    let ends = drain.clone();
    let answers: Answers = Arc::new(move |request| {
        let (ends, call_id) = (ends.clone(), call_id(request.headers()));
        let answer = service.call(request);
        Box::pin(async move {
            let answer = async {
                let answer = answer.await.map_err(io::Error::other)?;
                Ok(answer.map(Body::new))
            };
            or_farewell(answer, &ends, call_id).await
        })
    });
    accept_all(listener, answers, limits, drain).await;
}

/// What answers calls. Its type is erased, so that HTTP/2 is compiled once, here.
type Answers = Arc<dyn Fn(Request<Incoming>) -> Answer + Send + Sync>;
type Answer = BoxFuture<'static, io::Result<Response<Body>>>;

async fn accept_all(
    listener: TcpListener,
    answers: Answers,
    limits: &ConnectionLimits,
    drain: Drain,
) {
    let http = http2(limits);
    let slots = Arc::new(Semaphore::new(limits.max_connections as usize));
    let connections = TaskTracker::new();
    loop {
        let (stream, slot) = tokio::select! {
            biased;
            () = drain.closing() => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let connection = Connection {
            stream,
            handshake_timeout: limits.handshake_timeout,
            drain: drain.clone(),
        };
        let serving = connection.serve(http.clone(), Arc::clone(&answers));
        connections.spawn(async move {
            serving.await;
            drop(slot);
        });
    }
    drop(listener);
    connections.close();
    tokio::select! {
        () = connections.wait() => {}
        () = drain.aborted() => {
            tracing::warn!(connections = connections.len(), "calls were still open at the end");
            connections.wait().await;
        }
    }
}

fn http2(limits: &ConnectionLimits) -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_concurrent_streams)
        .max_header_list_size(limits.max_header_list_bytes)
        .keep_alive_interval(limits.keep_alive_interval)
        .keep_alive_timeout(limits.keep_alive_timeout);
    http
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, slot),
            Err(error) => {
                // The peer went away, or the process has no file descriptor left: wait for
                // one rather than spin or give up serving.
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

struct Connection {
    stream: TcpStream,
    handshake_timeout: Duration,
    drain: Drain,
}

impl Connection {
    async fn serve(self, http: Builder<TokioExecutor>, answers: Answers) {
        // Without it every small answer waits for an acknowledgement of the one before.
        if let Err(error) = self.stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let (stream, greeted) = Greeting::watch(self.stream);
        let service = service_fn(move |request| answers(request));
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        let mut handshake = pin!(sleep(self.handshake_timeout));
        let mut farewell = pin!(async {
            self.drain.aborted().await;
            sleep(FAREWELL).await;
        });
        let (mut shaking, mut open) = (true, true);
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "connection ended");
                    }
                    return;
                }
                () = self.drain.closing(), if open => {
                    open = false;
                    connection.as_mut().graceful_shutdown();
                }
                () = farewell.as_mut() => return,
                () = handshake.as_mut(), if shaking => {
                    shaking = false;
                    if !greeted.load(Ordering::Relaxed) {
                        tracing::debug!("a peer connected and said nothing");
                        return;
                    }
                }
            }
        }
    }
}
