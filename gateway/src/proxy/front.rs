//! The first thing a call meets: its headers are put in order, it gets its id and its
//! deadline, and is watched until it is answered.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method as HttpMethod, Request, Response, StatusCode};
use rapport_platform::id::new_id;
use rapport_platform::identity::CALL_ID_HEADER;
use rapport_platform::server::{TIMEOUT_HEADER, format_timeout};
use tonic::body::Body;
use tower::Service;
use tracing::Instrument as _;

use super::headers;
use super::watch::{Metrics, Watch};
use crate::table::{Method, Table};

/// What somebody reads who calls with something else than gRPC.
const NOT_GRPC: &str = "This is a gRPC endpoint: POST over HTTP/2 with the content type application/grpc. \
     Try `grpcurl -plaintext ADDRESS list`.\n";

/// Puts calls in order for the service behind it.
#[derive(Clone, Debug)]
pub(super) struct Front<S> {
    inner: S,
    table: Arc<Table>,
    stream_deadline: Duration,
    metrics: Metrics,
}

impl<S> Front<S> {
    pub(super) fn new(
        inner: S,
        table: Arc<Table>,
        stream_deadline: Duration,
        metrics: Metrics,
    ) -> Self {
        Self {
            inner,
            table,
            stream_deadline,
            metrics,
        }
    }

    /// A stream that brings no deadline gets a long one; what answers with one message, the
    /// default further on.
    fn bound(&self, method: Option<&Method>, request: &mut Request<Body>) {
        let streams = method.is_some_and(|m| m.client_streaming || m.server_streaming);
        if streams && !request.headers().contains_key(TIMEOUT_HEADER) {
            let deadline = format_timeout(self.stream_deadline);
            request.headers_mut().insert(TIMEOUT_HEADER, deadline);
        }
    }
}

impl<S> Service<Request<Body>> for Front<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(answer) = not_grpc(&request) {
            return Box::pin(std::future::ready(Ok(answer)));
        }
        let call_id = new_id();
        let id = headers::call_id_value(call_id);
        headers::sanitise(request.headers_mut());
        request.headers_mut().insert(CALL_ID_HEADER, id.clone());

        let table = Arc::clone(&self.table);
        let method = table.method(request.uri().path()).map(Arc::as_ref);
        self.bound(method, &mut request);
        let watch = Watch::begin(&request, method, call_id, self.metrics.clone());
        request.extensions_mut().insert(watch.record());

        let span = watch.span();
        let answer = span.in_scope(|| self.inner.call(request)).instrument(span);
        Box::pin(async move {
            let mut response = answer.await?;
            response.headers_mut().insert(CALL_ID_HEADER, id);
            watch.end(&response);
            Ok(response)
        })
    }
}

/// The answer to a request that is no gRPC call, which HTTP clients understand.
fn not_grpc(request: &Request<Body>) -> Option<Response<Body>> {
    let status = if !headers::is_grpc(request.headers()) {
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    } else if request.method() != HttpMethod::POST {
        StatusCode::METHOD_NOT_ALLOWED
    } else {
        return None;
    };
    let mut response = Response::new(Body::new(http_body_util::Full::from(NOT_GRPC)));
    *response.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    Some(response)
}
