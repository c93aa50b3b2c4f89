//! A bound on the calls a process works on at once.
//!
//! A queue in front of a busy process only makes callers wait for answers that come too
//! late. Further calls are refused at once, and told when to come back.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use rapport_proto::rapport::r#type::v1::ErrorReason;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Code;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::problem::Problem;
use crate::telemetry::call_id;

/// When a refused caller should try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Orchestrators ask this service whether we live; a busy process must not seem dead.
const HEALTH_PREFIX: &str = "/grpc.health.v1.Health/";

/// The calls a process works on at once. Clones share the bound.
#[derive(Clone, Debug)]
pub struct Admission {
    places: Arc<Semaphore>,
}

/// The place of one admitted call, free again when dropped.
#[derive(Debug)]
pub struct Admitted(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl Admission {
    /// At most `max_calls` at once.
    pub fn new(max_calls: u32) -> Self {
        Self {
            places: Arc::new(Semaphore::new(max_calls as usize)),
        }
    }

    /// A place for one call.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED with a retry delay when there is none.
    pub fn admit(&self) -> Result<Admitted, Problem> {
        match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => Ok(Admitted(place)),
            Err(_) => Err(Problem::new(
                Code::ResourceExhausted,
                ErrorReason::Overloaded,
                "The server works on as many calls as it can. Retry with back-off.",
            )
            .with_retry_after(RETRY_AFTER)),
        }
    }
}

impl<S> Layer<S> for Admission {
    type Service = Admitting<S>;

    fn layer(&self, inner: S) -> Admitting<S> {
        let admission = self.clone();
        Admitting { inner, admission }
    }
}

/// A service behind an [`Admission`].
#[derive(Clone, Debug)]
pub struct Admitting<S> {
    inner: S,
    admission: Admission,
}

impl<S, B> Service<Request<B>> for Admitting<S>
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
        if request.uri().path().starts_with(HEALTH_PREFIX) {
            return Box::pin(self.inner.call(request));
        }
        let call_id = call_id(request.headers());
        match self.admission.admit() {
            Ok(place) => {
                let answer = self.inner.call(request);
                Box::pin(async move {
                    let response = answer.await?;
                    Ok(response.map(|body| Body::new(AdmittedBody { body, place })))
                })
            }
            Err(problem) => Box::pin(async move { Ok(problem.into_status(call_id).into_http()) }),
        }
    }
}

/// A response body that keeps its call's place until it has been sent.
struct AdmittedBody {
    body: Body,
    #[expect(dead_code, reason = "held for its drop")]
    place: Admitted,
}

impl http_body::Body for AdmittedBody {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use tonic::Status;
    use tonic_types::StatusExt as _;
    use tower::{ServiceExt as _, service_fn};

    use super::*;

    fn request(path: &str) -> Request<()> {
        Request::post(path).body(()).unwrap()
    }

    fn limited(
        max_calls: u32,
    ) -> impl Service<Request<()>, Response = Response<Body>, Error = Infallible> + Clone {
        Admission::new(max_calls).layer(service_fn(async |_: Request<()>| {
            Ok(Response::new(Body::new(Full::new(Bytes::from_static(
                b"answer",
            )))))
        }))
    }

    #[tokio::test]
    async fn a_call_beyond_the_limit_is_refused_at_once_with_a_delay() {
        let service = limited(1);
        let open = service.clone().oneshot(request("/a.S/M")).await.unwrap();

        let refused = service.clone().oneshot(request("/a.S/M")).await.unwrap();
        let status = Status::from_header_map(refused.headers()).unwrap();
        assert_eq!(status.code(), Code::ResourceExhausted);
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "OVERLOADED");
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(RETRY_AFTER));

        drop(open);
        let admitted = service.oneshot(request("/a.S/M")).await.unwrap();
        assert!(
            !admitted.headers().contains_key("grpc-status"),
            "its place is free again"
        );
    }

    #[tokio::test]
    async fn a_busy_process_still_says_that_it_lives() {
        let answer = limited(0)
            .oneshot(request("/grpc.health.v1.Health/Check"))
            .await
            .unwrap();
        assert!(!answer.headers().contains_key("grpc-status"));
    }
}
