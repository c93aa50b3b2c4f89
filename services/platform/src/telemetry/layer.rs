//! The layer that makes each call a span, a measurement and, when it fails, a log line.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::{Body, Frame, SizeHint};
use tonic::Code;
use tower::{Layer, Service};
use tracing::Instrument as _;
use uuid::Uuid;

use super::call::Call;
use super::metrics::{RpcMetrics, meter};
use super::propagation;
use crate::id::new_id;
use crate::identity::CALL_ID_HEADER;

/// The call's id: the caller's if it is a UUID, otherwise made here. It is in the request
/// for the layers below and in every answer.
const CALL_ID: HeaderName = HeaderName::from_static(CALL_ID_HEADER);

/// Observes every call of the service it wraps. It never looks at a message.
#[derive(Clone, Debug)]
pub struct TraceLayer {
    metrics: RpcMetrics,
}

impl TraceLayer {
    /// Measures with the process' meter, so telemetry must be running.
    pub fn new() -> Self {
        Self::measuring(RpcMetrics::new(&meter()))
    }

    /// Measures with instruments of the caller's choice.
    pub fn measuring(metrics: RpcMetrics) -> Self {
        Self { metrics }
    }
}

impl Default for TraceLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Trace {
            inner,
            metrics: self.metrics.clone(),
        }
    }
}

/// The service made by [`TraceLayer`].
#[derive(Clone, Debug)]
pub struct Trace<S> {
    inner: S,
    metrics: RpcMetrics,
}

impl<S, B, R> Service<Request<B>> for Trace<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    S::Error: 'static,
    R: Body<Data = Bytes> + Unpin,
{
    type Response = Response<TracedBody<R>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let call_id = call_id(request.headers());
        request.headers_mut().insert(CALL_ID, text(call_id));
        let mut call = Call::begin(&request, call_id, self.metrics.clone());
        let span = call.span().clone();
        let answer = span.in_scope(|| {
            // What is done with this request, now or by the events it causes, is a child
            // of this call and not of its caller's.
            propagation::inject(request.headers_mut());
            self.inner.call(request)
        });
        Box::pin(async move {
            let mut response = match answer.instrument(span).await {
                Ok(response) => response,
                Err(error) => {
                    call.end(Code::Unknown, None);
                    return Err(error);
                }
            };
            response.headers_mut().insert(CALL_ID, text(call_id));
            // An answer without messages has its status in the headers.
            if let Some(code) = status_in(response.headers()) {
                call.end(code, Some(response.headers()));
            }
            Ok(response.map(|body| TracedBody { body, call }))
        })
    }
}

/// The id of the call with these headers; one that has none, or a malformed one, gets it.
pub(crate) fn call_id(headers: &HeaderMap) -> Uuid {
    let given = headers.get(CALL_ID);
    given
        .and_then(|value| Uuid::try_parse_ascii(value.as_bytes()).ok())
        .unwrap_or_else(new_id)
}

fn text(id: Uuid) -> HeaderValue {
    let mut buffer = Uuid::encode_buffer();
    // Hexadecimal digits and hyphens are valid in a header.
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut buffer))
        .unwrap_or(HeaderValue::from_static(""))
}

fn status_in(headers: &HeaderMap) -> Option<Code> {
    headers
        .get("grpc-status")
        .map(|value| Code::from_bytes(value.as_bytes()))
}

/// A response body that ends the call's span when its status passes by.
#[derive(Debug)]
pub struct TracedBody<R> {
    body: R,
    call: Call,
}

impl<R: Body<Data = Bytes> + Unpin> Body for TracedBody<R> {
    type Data = Bytes;
    type Error = R::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, R::Error>>> {
        let this = &mut *self;
        // A streaming handler runs while its body is polled: in the call's span, too.
        let span = this.call.span().clone();
        let frame = span.in_scope(|| Pin::new(&mut this.body).poll_frame(cx));
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    let code = status_in(trailers).unwrap_or(Code::Unknown);
                    this.call.end(code, Some(trailers));
                }
            }
            Poll::Ready(Some(Err(_)) | None) => this.call.end(Code::Unknown, None),
            Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
