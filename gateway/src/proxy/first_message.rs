//! The first gRPC message of a call, held back until it is judged.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::body::Body;

use super::body;
use super::compression::decompress;
use crate::enforce::Refusal;

/// A flag and a length before every message.
const PREFIX: usize = 5;
/// Header with the compression of the call's messages.
const ENCODING_HEADER: &str = "grpc-encoding";

/// Bounds the bytes held back, in one message and in all calls together.
#[derive(Clone, Debug)]
pub(crate) struct Buffers {
    message_bytes: usize,
    free: Arc<Semaphore>,
}

impl Buffers {
    pub(crate) fn new(message_bytes: usize, buffered_bytes: usize) -> Self {
        Self {
            message_bytes,
            free: Arc::new(Semaphore::new(buffered_bytes.min(Semaphore::MAX_PERMITS))),
        }
    }

    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let bytes = u32::try_from(bytes).map_err(|_| Refusal::Overloaded)?;
        Arc::clone(&self.free)
            .try_acquire_many_owned(bytes)
            .map_err(|_| Refusal::Overloaded)
    }
}

/// The first message of a call and what follows it.
pub(super) struct FirstMessage {
    /// As received: the message with its prefix and, in a stream, perhaps more behind it.
    received: Bytes,
    /// The message without its prefix; `None` in an empty stream.
    message: Option<Framed>,
    /// The rest of a stream of requests.
    rest: Option<Body>,
    /// Held as long as the bytes are.
    permit: OwnedSemaphorePermit,
}

struct Framed {
    compressed: bool,
    bytes: Bytes,
}

impl FirstMessage {
    /// Reads the one message of a call; anything behind it is refused, so that no service can
    /// take another message than the one that was judged.
    pub(super) async fn of_unary(body: Body, buffers: &Buffers) -> Result<Self, Refusal> {
        let mut first = Self::read(body, buffers).await?;
        let Some(mut rest) = first.rest.take() else {
            return Err(Refusal::Malformed("The call ended before its message."));
        };
        let framed = first
            .message
            .as_ref()
            .map_or(0, |message| PREFIX + message.bytes.len());
        let mut behind = first.received.len() - framed;
        while behind == 0 {
            match rest.frame().await {
                None => return Ok(first),
                Some(Err(_)) => return Err(Refusal::Cancelled),
                Some(Ok(frame)) => behind = frame.data_ref().map_or(0, Bytes::len),
            }
        }
        Err(Refusal::Malformed("The call holds more than one message."))
    }

    /// Reads the first message of a stream, which may also be empty.
    pub(super) async fn of_stream(body: Body, buffers: &Buffers) -> Result<Self, Refusal> {
        Self::read(body, buffers).await
    }

    async fn read(mut body: Body, buffers: &Buffers) -> Result<Self, Refusal> {
        let mut permit = buffers.take(0)?;
        let mut received = Received::default();
        loop {
            if let Some(length) = received.message_length()? {
                if length > buffers.message_bytes {
                    let limit = buffers.message_bytes;
                    return Err(Refusal::MessageTooLarge { limit });
                }
                if received.len() >= PREFIX + length {
                    return Ok(Self::complete(received, length, body, permit));
                }
            }
            match body.frame().await {
                Some(Ok(frame)) => {
                    // Trailers of a request mean nothing in gRPC.
                    let Ok(data) = frame.into_data() else {
                        continue;
                    };
                    permit.merge(buffers.take(data.len())?);
                    received.push(data);
                }
                Some(Err(_)) => return Err(Refusal::Cancelled),
                None if received.len() == 0 => {
                    return Ok(Self {
                        received: Bytes::new(),
                        message: None,
                        rest: None,
                        permit,
                    });
                }
                None => return Err(Refusal::Malformed("The call ended within a message.")),
            }
        }
    }

    fn complete(
        received: Received,
        length: usize,
        rest: Body,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let received = received.freeze();
        let bytes = received.slice(PREFIX..PREFIX + length);
        let compressed = received.first() == Some(&1);
        Self {
            message: Some(Framed { compressed, bytes }),
            received,
            rest: Some(rest),
            permit,
        }
    }

    /// The message as the service will decode it; `None` in an empty stream.
    pub(super) fn decoded(
        &mut self,
        headers: &HeaderMap,
        buffers: &Buffers,
    ) -> Result<Option<Bytes>, Refusal> {
        let Some(message) = &self.message else {
            return Ok(None);
        };
        if !message.compressed {
            return Ok(Some(message.bytes.clone()));
        }
        let encoding = headers.get(ENCODING_HEADER).map(|value| value.as_bytes());
        // Taken as if the message were as large as allowed: how large it is, is known only
        // when it has been decompressed.
        let _space = buffers.take(buffers.message_bytes)?;
        decompress(
            encoding.unwrap_or_default(),
            &message.bytes,
            buffers.message_bytes,
        )
        .map(Some)
    }

    /// The call's body, as it was sent.
    pub(super) fn into_body(self) -> Body {
        body::replay(self.received, self.rest, self.permit)
    }
}

/// What was received so far; a single frame, the usual case, is not copied.
#[derive(Default)]
struct Received {
    first: Bytes,
    joined: BytesMut,
}

impl Received {
    fn push(&mut self, data: Bytes) {
        if self.len() == 0 {
            self.first = data;
            return;
        }
        if self.joined.is_empty() {
            self.joined
                .extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.joined.extend_from_slice(&data);
    }

    fn bytes(&self) -> &[u8] {
        if self.joined.is_empty() {
            &self.first
        } else {
            &self.joined
        }
    }

    fn len(&self) -> usize {
        self.bytes().len()
    }

    /// The length that the prefix announces, once it is there.
    fn message_length(&self) -> Result<Option<usize>, Refusal> {
        let Some([flag, length @ ..]) = self.bytes().first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        if *flag > 1 {
            return Err(Refusal::Malformed("The message has no gRPC prefix."));
        }
        usize::try_from(u32::from_be_bytes(*length))
            .map(Some)
            .map_err(|_| Refusal::Malformed("The message has no gRPC prefix."))
    }

    fn freeze(self) -> Bytes {
        if self.joined.is_empty() {
            self.first
        } else {
            self.joined.freeze()
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use http_body::Frame;
    use http_body_util::StreamBody;
    use tonic::Status;

    use super::*;

    fn framed(message: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0];
        bytes.extend((message.len() as u32).to_be_bytes());
        bytes.extend(message);
        bytes
    }

    /// A body whose frames have so many bytes each.
    fn body(bytes: &[u8], frame: usize) -> Body {
        let frames: Vec<_> = bytes
            .chunks(frame)
            .map(|chunk| Ok::<_, Status>(Frame::data(Bytes::copy_from_slice(chunk))))
            .collect();
        Body::new(StreamBody::new(stream::iter(frames)))
    }

    fn buffers() -> Buffers {
        Buffers::new(100, 1_000)
    }

    async fn unary(bytes: &[u8], frame: usize) -> Result<(Vec<u8>, Vec<u8>), Refusal> {
        let buffers = buffers();
        let mut first = FirstMessage::of_unary(body(bytes, frame), &buffers).await?;
        let message = first
            .decoded(&HeaderMap::new(), &buffers)?
            .unwrap_or_default();
        assert!(buffers.free.available_permits() < 1_000, "held back");
        let sent = first.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(buffers.free.available_permits(), 1_000, "free again");
        Ok((message.to_vec(), sent.to_vec()))
    }

    #[tokio::test]
    async fn a_message_is_read_however_it_is_cut() {
        let bytes = framed(b"message");
        for frame in 1..=bytes.len() {
            let (message, sent) = unary(&bytes, frame).await.unwrap();
            assert_eq!((message.as_slice(), &sent), (&b"message"[..], &bytes));
        }
    }

    #[tokio::test]
    async fn bytes_that_are_no_single_message_are_refused() {
        let two = [framed(b"judged"), framed(b"smuggled")].concat();
        let mut flagged = framed(b"message");
        flagged[0] = 2;
        for bytes in [
            &two[..],
            &flagged,
            &framed(b"message")[..8],
            &[0, 0],
            b"",
            &[framed(b"m"), vec![0]].concat(),
        ] {
            for frame in [1, 7, 1_000] {
                let refused = unary(bytes, frame).await.unwrap_err();
                assert!(
                    matches!(refused, Refusal::Malformed(_)),
                    "{bytes:?}: {refused}"
                );
            }
        }
    }

    #[tokio::test]
    async fn a_message_is_refused_for_the_length_it_announces() {
        let refused = unary(&[0, 0, 0, 0, 101], 5).await.unwrap_err();
        assert!(
            matches!(refused, Refusal::MessageTooLarge { limit: 100 }),
            "{refused}"
        );
        assert!(unary(&framed(&[7; 100]), 50).await.is_ok());
    }

    #[tokio::test]
    async fn no_more_is_held_back_than_allowed_in_all() {
        let buffers = Buffers::new(100, 150);
        let one = FirstMessage::of_unary(body(&framed(&[7; 90]), 10), &buffers)
            .await
            .unwrap();
        let refused = FirstMessage::of_unary(body(&framed(&[7; 90]), 10), &buffers)
            .await
            .err();
        assert!(matches!(refused, Some(Refusal::Overloaded)));
        drop(one);
        assert!(
            FirstMessage::of_unary(body(&framed(&[7; 90]), 10), &buffers)
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn a_stream_is_passed_on_whole() {
        let bytes = [framed(b"first"), framed(b"second"), framed(b"third")].concat();
        for frame in [1, 11, 1_000] {
            let buffers = buffers();
            let mut first = FirstMessage::of_stream(body(&bytes, frame), &buffers)
                .await
                .unwrap();
            let message = first.decoded(&HeaderMap::new(), &buffers).unwrap();
            assert_eq!(message.as_deref(), Some(&b"first"[..]));
            let sent = first.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(sent, bytes);
        }
        let mut empty = FirstMessage::of_stream(body(b"", 1), &buffers())
            .await
            .unwrap();
        assert_eq!(empty.decoded(&HeaderMap::new(), &buffers()).unwrap(), None);
        assert!(
            empty
                .into_body()
                .collect()
                .await
                .unwrap()
                .to_bytes()
                .is_empty()
        );
    }
}
