//! Reads compressed messages, within bounds. The service gets the bytes as they were sent.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::bufread::GzDecoder;

use crate::enforce::Refusal;

/// The message in `bytes`, compressed as the header `grpc-encoding` says.
///
/// # Errors
/// When the encoding is another than gzip, the bytes are not what it says, or the
/// message has more than `limit` bytes.
pub(super) fn decompress(encoding: &[u8], bytes: &[u8], limit: usize) -> Result<Bytes, Refusal> {
    match encoding {
        b"gzip" => {
            let mut decoder = GzDecoder::new(bytes);
            let message = read(&mut decoder, limit)?;
            // A second member would be read by some decoders and not by others.
            match decoder.into_inner() {
                [] => Ok(message),
                _ => Err(damaged()),
            }
        }
        b"" | b"identity" => Err(Refusal::Malformed(
            "The message is marked as compressed, the call is not.",
        )),
        other => Err(Refusal::UnsupportedCompression {
            encoding: String::from_utf8_lossy(other).into_owned(),
        }),
    }
}

fn read(decoder: &mut impl Read, limit: usize) -> Result<Bytes, Refusal> {
    let mut message = Vec::new();
    // One byte more than allowed tells that there is more.
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    io::copy(&mut decoder.take(bound), &mut message).map_err(|_| damaged())?;
    if message.len() > limit {
        return Err(Refusal::MessageTooLarge { limit });
    }
    Ok(message.into())
}

fn damaged() -> Refusal {
    Refusal::Malformed("The compressed message is damaged.")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const LIMIT: usize = 1_000;

    fn gzip(message: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(message).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn messages_are_read_up_to_the_limit() {
        let message = vec![7; LIMIT];
        assert_eq!(
            decompress(b"gzip", &gzip(&message), LIMIT).unwrap(),
            message
        );
        for bomb in [vec![7; LIMIT + 1], vec![0; 64 << 20]] {
            let refused = decompress(b"gzip", &gzip(&bomb), LIMIT).unwrap_err();
            assert!(
                matches!(refused, Refusal::MessageTooLarge { limit: LIMIT }),
                "{refused}"
            );
        }
    }

    #[test]
    fn what_is_not_what_it_says_is_refused() {
        let cut = &gzip(&[7; 100])[..15];
        let two = [gzip(b"one"), gzip(b"two")].concat();
        for (encoding, bytes) in [
            (&b"gzip"[..], cut),
            (b"gzip", &two),
            (b"gzip", b""),
            (b"gzip", b"plain"),
            (b"identity", b"plain"),
            (b"", b"plain"),
        ] {
            let refused = decompress(encoding, bytes, LIMIT).unwrap_err();
            assert!(
                matches!(refused, Refusal::Malformed(_)),
                "{encoding:?}: {refused}"
            );
        }
        for other in [&b"zstd"[..], b"snappy"] {
            let refused = decompress(other, b"", LIMIT).unwrap_err();
            assert!(
                matches!(refused, Refusal::UnsupportedCompression { .. }),
                "{refused}"
            );
        }
    }
}
