//! What callers are told whose calls outlast the drain.
//!
//! A connection that just breaks leaves its callers to guess. They are told to come again, and the
//! work on their calls stops.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Frame, SizeHint};
use rapport_proto::rapport::r#type::v1::ErrorReason;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::body::Body;
use tonic::{Code, Status};
use uuid::Uuid;

use super::drain::Drain;
use crate::problem::Problem;

/// When a caller should try again: another process has taken over by then.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The answer of a call; when the drain aborts first, that the server ends.
pub(super) async fn or_farewell(
    answer: impl Future<Output = io::Result<Response<Body>>>,
    drain: &Drain,
    call_id: Uuid,
) -> io::Result<Response<Body>> {
    tokio::select! {
        biased;
        answer = answer => Ok(answer?.map(|body| {
            let aborted = Box::pin(drain.aborted_owned());
            Body::new(Ending { body: Some(body), aborted, call_id })
        })),
        () = drain.aborted() => Ok(farewell(call_id).into_http()),
    }
}

fn farewell(call_id: Uuid) -> Status {
    Problem::new(
        Code::Unavailable,
        ErrorReason::Unavailable,
        "The server ends, and the call was not done by then. Retry with back-off.",
    )
    .with_retry_after(RETRY_AFTER)
    .into_status(call_id)
}

/// A response body that ends with a farewell when the drain aborts.
struct Ending {
    /// None once it has ended so.
    body: Option<Body>,
    aborted: Pin<Box<WaitForCancellationFutureOwned>>,
    call_id: Uuid,
}

impl http_body::Body for Ending {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        let frame = Pin::new(body).poll_frame(cx);
        if frame.is_ready() || this.aborted.as_mut().poll(cx).is_pending() {
            return frame;
        }
        this.body = None;
        let mut trailers = HeaderMap::new();
        let told = farewell(this.call_id).add_header(&mut trailers);
        Poll::Ready(Some(told.map(|()| Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}
