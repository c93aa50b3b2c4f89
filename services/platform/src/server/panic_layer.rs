//! The layer that keeps a fault in one call from ending the others.

use std::any::Any;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::FutureExt as _;
use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use tonic::body::Body;
use tower::{Layer, Service};
use uuid::Uuid;

use crate::problem::Problem;
use crate::telemetry::call_id;

/// Answers INTERNAL when a handler panics. Without it the panic would unwind through the
/// connection and end every other call on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct PanicLayer;

impl<S> Layer<S> for PanicLayer {
    type Service = Catching<S>;

    fn layer(&self, inner: S) -> Catching<S> {
        Catching { inner }
    }
}

/// The service made by [`PanicLayer`].
#[derive(Clone, Debug)]
pub struct Catching<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for Catching<S>
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

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let call_id = call_id(request.headers());
        let answer = self.inner.call(request);
        Box::pin(async move {
            // A handler's state dies with it; what it shares is behind locks and databases.
            match AssertUnwindSafe(answer).catch_unwind().await {
                Ok(answer) => answer.map(|response| {
                    response.map(|body| {
                        let body = Some(body);
                        Body::new(CatchingBody { body, call_id })
                    })
                }),
                Err(panic) => Ok(fault(&*panic, call_id).into_http()),
            }
        })
    }
}

/// The answer to a call whose handler panicked. The panic hook has told where.
fn fault(_: &(dyn Any + Send), call_id: Uuid) -> tonic::Status {
    Problem::internal().into_status(call_id)
}

/// A body, streamed by a handler, that ends with INTERNAL when the handler panics.
struct CatchingBody {
    body: Option<Body>,
    call_id: Uuid,
}

impl http_body::Body for CatchingBody {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        match catch_unwind(AssertUnwindSafe(|| Pin::new(body).poll_frame(cx))) {
            Ok(frame) => frame,
            Err(panic) => {
                self.body = None;
                let mut trailers = HeaderMap::new();
                // Fails only for a status that cannot be written as a header; this one can.
                let _ = fault(&*panic, self.call_id).add_header(&mut trailers);
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
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
    use http_body_util::{BodyExt as _, StreamBody};
    use tower::{ServiceExt as _, service_fn};

    use super::*;

    #[tokio::test]
    async fn a_handler_that_panics_answers_internal() {
        let faulty = service_fn(|_: Request<()>| async { panic!("a fault") });
        let answer = PanicLayer
            .layer(faulty)
            .oneshot(Request::new(()))
            .await
            .unwrap();
        assert_eq!(answer.headers()["grpc-status"], "13");
    }

    #[tokio::test]
    async fn a_stream_that_panics_ends_with_internal() {
        let faulty = service_fn(|_: Request<()>| async {
            let stream = futures::stream::once(async {
                if true {
                    panic!("a fault");
                }
                Ok::<_, tonic::Status>(Frame::data(Bytes::new()))
            });
            Ok(Response::new(Body::new(StreamBody::new(stream))))
        });
        let answer = PanicLayer
            .layer(faulty)
            .oneshot(Request::new(()))
            .await
            .unwrap();
        let collected = answer.into_body().collect().await.unwrap();
        assert_eq!(collected.trailers().unwrap()["grpc-status"], "13");
    }
}
