//! Settles a contact permit when the answer to its call has ended.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::Response;
use http_body::Frame;
use tonic::Status;
use tonic::body::Body;

use crate::outreach::{Outcome, Outreach, Permit};

/// The answer to a call that reaches out. Its status is told to the customer service before the
/// caller has it, so that what he was told has been counted. A caller who goes away before leaves
/// the permit as it is: it counts until it expires.
pub(super) async fn settled(
    outreach: Outreach,
    permit: Permit,
    response: Response<Body>,
) -> Response<Body> {
    // An answer without messages has its status in the headers already.
    if let Some(outcome) = Outcome::of(response.headers()) {
        outreach.settle(permit, outcome).await;
        return response;
    }
    response.map(|body| {
        Body::new(Settling {
            body,
            permit: Some((outreach, permit)),
            end: None,
        })
    })
}

struct Settling {
    body: Body,
    /// Until the answer has ended.
    permit: Option<(Outreach, Permit)>,
    /// The last frame, held back while the permit is settled.
    end: Option<(Frame<Bytes>, BoxFuture<'static, ()>)>,
}

impl http_body::Body for Settling {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.end.is_none() {
            let frame = match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) if frame.is_trailers() => frame,
                other => return other,
            };
            let outcome = frame.trailers_ref().and_then(Outcome::of);
            let Some((outreach, permit)) = self.permit.take() else {
                return Poll::Ready(Some(Ok(frame)));
            };
            let outcome = outcome.unwrap_or(Outcome::Unknown);
            self.end = Some((frame, Box::pin(outreach.settle(permit, outcome))));
        }
        if let Some((_, settle)) = &mut self.end
            && settle.as_mut().poll(cx).is_pending()
        {
            return Poll::Pending;
        }
        Poll::Ready(self.end.take().map(|(frame, _)| Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.end.is_none() && self.body.is_end_stream()
    }
}
