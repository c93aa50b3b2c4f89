//! The layer that stops work when its time is up or its caller is gone.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep_until, timeout_at};
use tonic::body::Body;
use tower::{Layer, Service};
use uuid::Uuid;

use super::deadline::{Deadline, DeadlineConfig};
use crate::problem::Problem;
use crate::telemetry::call_id;

/// Gives every call a [`Deadline`] and answers DEADLINE_EXCEEDED when it passes.
///
/// The work runs inside the future and the body that the caller polls, never in a task of
/// its own, so dropping either stops it: when the deadline passes, when the peer resets the
/// stream, when an in-process caller loses interest.
#[derive(Clone, Debug)]
pub struct DeadlineLayer {
    config: DeadlineConfig,
}

impl DeadlineLayer {
    /// Bounds calls by `config`.
    pub fn new(config: DeadlineConfig) -> Self {
        Self { config }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = DeadlineService<S>;

    fn layer(&self, inner: S) -> DeadlineService<S> {
        let config = self.config.clone();
        DeadlineService { inner, config }
    }
}

/// The service made by [`DeadlineLayer`].
#[derive(Clone, Debug)]
pub struct DeadlineService<S> {
    inner: S,
    config: DeadlineConfig,
}

impl<S, B> Service<Request<B>> for DeadlineService<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let call_id = call_id(request.headers());
        let deadline = match Deadline::of_call(request.headers(), &self.config) {
            Ok(deadline) => deadline,
            Err(problem) => {
                return Box::pin(async move { Ok(problem.into_status(call_id).into_http()) });
            }
        };
        request.extensions_mut().insert(deadline);
        let answer = deadline.sync_scope(|| self.inner.call(request));
        Box::pin(deadline.scope(async move {
            let Ok(answer) = timeout_at(deadline.instant(), answer).await else {
                return Ok(Problem::deadline_exceeded()
                    .into_status(call_id)
                    .into_http());
            };
            answer.map(|response| {
                response.map(|body| Body::new(DeadlineBody::new(body, deadline, call_id)))
            })
        }))
    }
}

/// A response body that is dropped, and ended with DEADLINE_EXCEEDED, when time is up.
struct DeadlineBody {
    body: Option<Body>,
    deadline: Deadline,
    call_id: Uuid,
    /// Made when the body has to wait for the first time: most never do.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl DeadlineBody {
    fn new(body: Body, deadline: Deadline, call_id: Uuid) -> Self {
        Self {
            body: Some(body),
            deadline,
            call_id,
            alarm: None,
        }
    }

    fn trailers(&self) -> HeaderMap {
        let mut trailers = HeaderMap::new();
        let status = Problem::deadline_exceeded().into_status(self.call_id);
        // Fails only for a status that cannot be written as a header; this one can.
        let _ = status.add_header(&mut trailers);
        trailers
    }
}

type Polled = Poll<Option<Result<Frame<Bytes>, tonic::Status>>>;

impl http_body::Body for DeadlineBody {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let deadline = self.deadline;
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = deadline.sync_scope(|| Pin::new(body).poll_frame(cx));
        if frame.is_ready() {
            return frame;
        }
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(sleep_until(deadline.instant())));
        match alarm.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                self.body = None;
                Poll::Ready(Some(Ok(Frame::trailers(self.trailers()))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body
            .as_ref()
            .is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        // An exact hint would let the server end the stream before our trailers.
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use http_body_util::{BodyExt as _, StreamBody};
    use tower::{ServiceExt as _, service_fn};

    use super::*;

    /// Says when it is dropped, as work does that is stopped.
    struct Work(Arc<AtomicBool>);

    impl Drop for Work {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    fn request(timeout: &str) -> Request<()> {
        let request = Request::builder().header("grpc-timeout", timeout);
        request.body(()).unwrap()
    }

    fn layer() -> DeadlineLayer {
        DeadlineLayer::new(DeadlineConfig::default())
    }

    #[tokio::test(start_paused = true)]
    async fn work_is_dropped_when_the_callers_time_is_up() {
        let stopped = Arc::new(AtomicBool::new(false));
        let endless = service_fn(|_: Request<()>| {
            let work = Work(Arc::clone(&stopped));
            async move {
                pending::<()>().await;
                drop(work);
                Ok(Response::new(Body::empty()))
            }
        });
        let answer = layer()
            .layer(endless)
            .oneshot(request("250m"))
            .await
            .unwrap();
        assert_eq!(answer.headers()["grpc-status"], "4");
        assert!(stopped.load(Ordering::Relaxed));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_is_too_slow_ends_with_the_status() {
        let stopped = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stopped);
        let slow = service_fn(move |_: Request<()>| {
            let work = Work(Arc::clone(&flag));
            let stream = futures::stream::once(async {
                Ok::<_, tonic::Status>(Frame::data(Bytes::from_static(b"first")))
            });
            let rest = futures::stream::once(async move {
                pending::<()>().await;
                drop(work);
                Ok(Frame::data(Bytes::new()))
            });
            let body = StreamBody::new(futures::StreamExt::chain(stream, rest));
            async move { Ok(Response::new(Body::new(body))) }
        });
        let answer = layer().layer(slow).oneshot(request("5S")).await.unwrap();
        let collected = answer.into_body().collect().await.unwrap();
        assert_eq!(collected.trailers().unwrap()["grpc-status"], "4");
        assert_eq!(collected.to_bytes(), "first");
        assert!(stopped.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn work_is_dropped_when_the_caller_is_gone() {
        let stopped = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stopped);
        let endless = service_fn(move |_: Request<()>| {
            let work = Work(Arc::clone(&flag));
            async move {
                pending::<()>().await;
                drop(work);
                Ok(Response::new(Body::empty()))
            }
        });
        let call = layer().layer(endless).oneshot(request("1H"));
        let _ = tokio::time::timeout(Duration::from_millis(5), call).await;
        assert!(stopped.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn a_malformed_timeout_is_an_invalid_argument() {
        let never = service_fn(|_: Request<()>| async { Ok(Response::new(Body::empty())) });
        let answer = layer().layer(never).oneshot(request("soon")).await.unwrap();
        assert_eq!(answer.headers()["grpc-status"], "3");
    }

    #[tokio::test]
    async fn the_handler_and_what_it_calls_see_the_deadline() {
        let seen = service_fn(|request: Request<()>| {
            let given = Deadline::of(request.extensions()).unwrap();
            assert_eq!(Deadline::current(), Some(given));
            async move {
                assert_eq!(Deadline::current(), Some(given));
                assert!(given.remaining() <= Duration::from_secs(5));
                Ok(Response::new(Body::empty()))
            }
        });
        layer().layer(seen).oneshot(request("5S")).await.unwrap();
    }
}
