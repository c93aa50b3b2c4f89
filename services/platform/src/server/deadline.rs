//! `grpc-timeout`: read, bounded, and passed on with what is left of it.

use std::time::Duration;

use http::{Extensions, HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::problem::Problem;

/// Header with the time a caller allows, such as `250m`.
pub const TIMEOUT_HEADER: &str = "grpc-timeout";

/// The units of `grpc-timeout`, finest first, with their length in nanoseconds.
const UNITS: [(u8, u128); 6] = [
    (b'n', 1),
    (b'u', 1_000),
    (b'm', 1_000_000),
    (b'S', 1_000_000_000),
    (b'M', 60_000_000_000),
    (b'H', 3_600_000_000_000),
];

/// The specification allows eight digits.
const MAX_DIGITS: usize = 8;
const MAX_VALUE: u128 = 99_999_999;

/// How long a call may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadlineConfig {
    /// For callers who set no deadline.
    #[serde(with = "crate::config::duration")]
    pub default: Duration,
    /// However much time a caller allows.
    #[serde(with = "crate::config::duration")]
    pub maximum: Duration,
}

impl Default for DeadlineConfig {
    fn default() -> Self {
        Self {
            default: Duration::from_secs(30),
            // A streaming import may take long; its client says so.
            maximum: Duration::from_secs(3600),
        }
    }
}

/// The text is not `1` to `99999999` with a unit of `H M S m u n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("up to 8 digits and a unit: H, M, S, m, u or n")]
pub struct MalformedTimeout;

/// Reads a `grpc-timeout`.
///
/// # Errors
/// When the text does not follow the gRPC specification.
pub fn parse_timeout(text: &[u8]) -> Result<Duration, MalformedTimeout> {
    let (unit, digits) = text.split_last().ok_or(MalformedTimeout)?;
    let well_formed = (1..=MAX_DIGITS).contains(&digits.len());
    if !well_formed || !digits.iter().all(u8::is_ascii_digit) {
        return Err(MalformedTimeout);
    }
    let (_, nanoseconds) = UNITS
        .iter()
        .find(|(name, _)| name == unit)
        .ok_or(MalformedTimeout)?;
    let value = digits
        .iter()
        .fold(0, |value, digit| value * 10 + u128::from(digit - b'0'));
    Ok(from_nanoseconds(value * nanoseconds))
}

/// Writes a `grpc-timeout` in the finest unit that fits, rounded down: what is passed on
/// never exceeds what is left. The specification knows no zero, so the least is `1n`.
pub fn format_timeout(timeout: Duration) -> HeaderValue {
    let nanoseconds = timeout.as_nanos().max(1);
    let (unit, length) = UNITS
        .iter()
        .find(|(_, length)| nanoseconds / length <= MAX_VALUE)
        .unwrap_or(&UNITS[UNITS.len() - 1]);
    let value = (nanoseconds / length).min(MAX_VALUE);
    let text = format!("{value}{}", char::from(*unit));
    // Digits and a letter are valid in a header.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("1n"))
}

fn from_nanoseconds(nanoseconds: u128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    let seconds = u64::try_from(nanoseconds / SECOND).unwrap_or(u64::MAX);
    Duration::new(seconds, (nanoseconds % SECOND) as u32)
}

tokio::task_local! {
    static CURRENT: Deadline;
}

/// The instant by which a call must be answered. Handlers find it in the request's
/// extensions; calls they make over a [`ServiceLink`](super::ServiceLink) inherit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline of a call that has `time` left.
    pub fn after(time: Duration) -> Self {
        const FAR: Duration = Duration::from_secs(365 * 24 * 3600);
        Self(Instant::now() + time.min(FAR))
    }

    /// The deadline of a call with these headers: what its caller allows, or the default,
    /// and never more than the maximum.
    ///
    /// # Errors
    /// INVALID_ARGUMENT when the header is malformed.
    pub fn of_call(headers: &HeaderMap, config: &DeadlineConfig) -> Result<Self, Problem> {
        let allowed = match headers.get(TIMEOUT_HEADER) {
            None => config.default,
            Some(text) => parse_timeout(text.as_bytes()).map_err(|expected| {
                Problem::invalid_header(TIMEOUT_HEADER, &expected.to_string())
            })?,
        };
        Ok(Self::after(allowed.min(config.maximum)))
    }

    /// The deadline in a request's extensions, where the deadline layer put it.
    pub fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get().copied()
    }

    /// The deadline of the call that this task is answering.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|deadline| *deadline).ok()
    }

    /// The instant itself.
    pub fn instant(self) -> Instant {
        self.0
    }

    /// What is left, zero when it has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Writes what is left into the headers of an outgoing call, unless they allow less.
    pub fn shrink(self, headers: &mut HeaderMap) {
        let remaining = self.remaining();
        let given = headers.get(TIMEOUT_HEADER);
        let given = given.and_then(|text| parse_timeout(text.as_bytes()).ok());
        if given.is_none_or(|given| given > remaining) {
            headers.insert(TIMEOUT_HEADER, format_timeout(remaining));
        }
    }

    /// Runs `future` as part of the call that has this deadline.
    pub(super) fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }

    /// Runs `work` as part of the call that has this deadline.
    pub(super) fn sync_scope<R>(self, work: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(self, work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_the_specification_says() {
        for (text, expected) in [
            ("1n", Duration::from_nanos(1)),
            ("20u", Duration::from_micros(20)),
            ("250m", Duration::from_millis(250)),
            ("5S", Duration::from_secs(5)),
            ("2M", Duration::from_secs(120)),
            ("1H", Duration::from_secs(3600)),
            ("99999999H", Duration::from_secs(99_999_999 * 3600)),
            ("00000010S", Duration::from_secs(10)),
        ] {
            assert_eq!(parse_timeout(text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn malformed_timeouts_are_refused() {
        for text in [
            "",
            "S",
            "5",
            "5s",
            "-5S",
            "+5S",
            "5.5S",
            "123456789S",
            "5 S",
            "٥S",
            "5SS",
        ] {
            assert_eq!(
                parse_timeout(text.as_bytes()),
                Err(MalformedTimeout),
                "{text}"
            );
        }
    }

    #[test]
    fn timeouts_are_written_in_the_finest_unit_that_fits_and_never_grow() {
        for (timeout, expected) in [
            (Duration::ZERO, "1n"),
            (Duration::from_nanos(99_999_999), "99999999n"),
            (Duration::from_nanos(100_000_999), "100000u"),
            (Duration::from_secs(30), "30000000u"),
            (Duration::from_secs(3600), "3600000m"),
            (Duration::from_secs(200_000_000), "3333333M"),
            (Duration::MAX, "99999999H"),
        ] {
            let written = format_timeout(timeout);
            assert_eq!(written, expected);
            let read = parse_timeout(written.as_bytes()).unwrap();
            assert!(read <= timeout.max(Duration::from_nanos(1)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_gets_the_least_of_what_is_asked_and_allowed() {
        let config = DeadlineConfig {
            default: Duration::from_secs(30),
            maximum: Duration::from_secs(60),
        };
        for (header, seconds) in [(None, 30), (Some("5S"), 5), (Some("2M"), 60)] {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert(TIMEOUT_HEADER, HeaderValue::from_static(header));
            }
            let deadline = Deadline::of_call(&headers, &config).unwrap();
            assert_eq!(deadline.remaining().as_secs(), seconds, "{header:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_passed_on_shrinks_but_never_grows() {
        let deadline = Deadline::after(Duration::from_secs(10));
        tokio::time::advance(Duration::from_secs(4)).await;
        for (asked, sent) in [
            (None, "6000000u"),
            (Some("1H"), "6000000u"),
            (Some("2S"), "2S"),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(asked) = asked {
                headers.insert(TIMEOUT_HEADER, HeaderValue::from_static(asked));
            }
            deadline.shrink(&mut headers);
            assert_eq!(headers[TIMEOUT_HEADER], sent);
        }
    }
}
