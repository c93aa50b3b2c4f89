//! Bodies on their way through.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tonic::Status;
use tonic::body::Body;
use uuid::Uuid;

use crate::enforce::Refusal;

type Polled = Poll<Option<Result<Frame<Bytes>, Status>>>;

/// A request body that was partly read: first what was `received`, then the `rest`.
pub(super) fn replay(received: Bytes, rest: Option<Body>, permit: OwnedSemaphorePermit) -> Body {
    Body::new(Replay {
        received: (!received.is_empty()).then_some((received, permit)),
        rest,
    })
}

struct Replay {
    /// With the permit for holding it.
    received: Option<(Bytes, OwnedSemaphorePermit)>,
    rest: Option<Body>,
}

impl http_body::Body for Replay {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        if let Some((bytes, _)) = self.received.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.received.is_none() && self.rest.as_ref().is_none_or(|rest| rest.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.received, &self.rest) {
            (Some((bytes, _)), None) => SizeHint::with_exact(bytes.len() as u64),
            (None, None) => SizeHint::with_exact(0),
            (_, Some(_)) => SizeHint::default(),
        }
    }
}

/// An answer that ends with a status even when the service behind is lost on the way.
pub(super) fn ended(body: Body, call_id: Uuid) -> Body {
    Body::new(Ended {
        body: Some(body),
        call_id,
    })
}

struct Ended {
    body: Option<Body>,
    call_id: Uuid,
}

impl http_body::Body for Ended {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = Pin::new(body).poll_frame(cx);
        match &frame {
            Poll::Ready(Some(Ok(frame))) if frame.is_trailers() => self.body = None,
            // The service was lost, or ended its answer without saying how it went.
            Poll::Ready(Some(Err(_)) | None) => {
                self.body = None;
                let mut trailers = HeaderMap::new();
                let status = Refusal::Unavailable.into_status(self.call_id);
                // Fails only for a status that cannot be written as a header; this one can.
                let _ = status.add_header(&mut trailers);
                return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
            }
            _ => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_none()
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    async fn status_of(frames: Vec<Result<Frame<Bytes>, Status>>) -> HeaderMap {
        let body = Body::new(StreamBody::new(stream::iter(frames)));
        let collected = ended(body, Uuid::nil()).collect().await.unwrap();
        collected.trailers().unwrap().clone()
    }

    #[tokio::test]
    async fn an_answer_always_ends_with_a_status() {
        let data = || Ok(Frame::data(Bytes::from_static(b"data")));
        let mut ok = HeaderMap::new();
        ok.insert("grpc-status", http::HeaderValue::from_static("0"));
        assert_eq!(
            status_of(vec![data(), Ok(Frame::trailers(ok))]).await["grpc-status"],
            "0"
        );
        assert_eq!(status_of(vec![data()]).await["grpc-status"], "14");
        let lost = Err(Status::internal("connection reset"));
        assert_eq!(status_of(vec![data(), lost]).await["grpc-status"], "14");
    }
}
