//! Instants, in UTC with microseconds: the precision both databases keep.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

use crate::problem::FieldViolation;

const MICROS_PER_SECOND: i64 = 1_000_000;
const NANOS_PER_MICRO: i64 = 1_000;

/// Microseconds since 1970-01-01T00:00:00Z. Stored as BIGINT.
///
/// Anything finer is cut off, towards the past, so that what is read back equals what was
/// written and the order of instants is kept.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    DeriveValueType,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// 0001-01-01T00:00:00Z, the first instant of `google.protobuf.Timestamp`.
    pub const MIN: Self = Self(-62_135_596_800 * MICROS_PER_SECOND);
    /// 9999-12-30T22:00:00.999999Z, the last instant that `jiff` can hold: it leaves room
    /// for every zone's offset before the year 10000.
    pub const MAX: Self = Self(253_402_207_200 * MICROS_PER_SECOND + 999_999);

    /// The instant, or the nearest one between [`Timestamp::MIN`] and [`Timestamp::MAX`].
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// Microseconds since the epoch; negative before 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads an instant from a request; `field` is its path there.
    pub fn from_proto(field: &str, proto: &prost_types::Timestamp) -> Result<Self, FieldViolation> {
        Self::try_from(*proto).map_err(|error| FieldViolation::new(field, error.to_string()))
    }

    /// Later by `span`; at most [`Timestamp::MAX`].
    pub fn saturating_add(self, span: Duration) -> Self {
        Self::from_micros(self.0.saturating_add(micros_of(span)))
    }

    /// Earlier by `span`; at least [`Timestamp::MIN`].
    pub fn saturating_sub(self, span: Duration) -> Self {
        Self::from_micros(self.0.saturating_sub(micros_of(span)))
    }

    /// This instant, or the first after `latest` where that is later: for what is recorded after
    /// something that another machine, whose clock was ahead, recorded.
    #[must_use]
    pub fn later_than(self, latest: Option<Self>) -> Self {
        match latest {
            Some(latest) => self.max(latest.saturating_add(Duration::from_micros(1))),
            None => self,
        }
    }

    /// Time passed since `earlier`; zero when `earlier` is in fact later.
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// The calendar's view, for zones and dates.
    pub fn to_jiff(self) -> jiff::Timestamp {
        // A row may hold any integer, so the value is brought into range before the
        // conversion, which then cannot fail.
        let proto = prost_types::Timestamp::from(Self::from_micros(self.0));
        jiff::Timestamp::new(proto.seconds, proto.nanos).unwrap_or_default()
    }
}

fn micros_of(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

/// An instant from a caller that no calendar of ours can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTimestamp {
    /// Before year 1 or after year 9999.
    #[error("lies outside the years 0001 to 9999; check the unit of `seconds`")]
    OutOfRange,
    /// `nanos` is negative or a whole second or more.
    #[error("`nanos` must be between 0 and 999999999, also for instants before 1970")]
    Nanos,
}

impl TryFrom<prost_types::Timestamp> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(proto: prost_types::Timestamp) -> Result<Self, InvalidTimestamp> {
        if !(0..1_000_000_000).contains(&proto.nanos) {
            return Err(InvalidTimestamp::Nanos);
        }
        proto
            .seconds
            .checked_mul(MICROS_PER_SECOND)
            .and_then(|micros| micros.checked_add(i64::from(proto.nanos) / NANOS_PER_MICRO))
            .filter(|micros| (Self::MIN.0..=Self::MAX.0).contains(micros))
            .map(Self)
            .ok_or(InvalidTimestamp::OutOfRange)
    }
}

impl From<Timestamp> for prost_types::Timestamp {
    fn from(timestamp: Timestamp) -> Self {
        let micros = timestamp.0.rem_euclid(MICROS_PER_SECOND);
        Self {
            seconds: timestamp.0.div_euclid(MICROS_PER_SECOND),
            // Below 10^9, so it fits.
            nanos: i32::try_from(micros * NANOS_PER_MICRO).unwrap_or_default(),
        }
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(timestamp: jiff::Timestamp) -> Self {
        let micros = timestamp
            .as_nanosecond()
            .div_euclid(i128::from(NANOS_PER_MICRO));
        Self::from_micros(i64::try_from(micros).unwrap_or_default())
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_jiff()
    }
}

/// RFC 3339, such as `2026-03-01T09:30:00Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_jiff().fmt(f)
    }
}

/// RFC 3339 with a zone, such as `2026-03-01T09:30:00+01:00`.
impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        text.parse::<jiff::Timestamp>().map(Self::from)
    }
}

/// Tells the time; tests set it by hand.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until its [`ManualClock`] moves it.
    pub fn manual(start: Timestamp) -> (Self, ManualClock) {
        let micros = Arc::new(AtomicI64::new(start.0));
        (Self(Source::Manual(micros.clone())), ManualClock(micros))
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => jiff::Timestamp::now().into(),
            Source::Manual(micros) => Timestamp(micros.load(Ordering::Acquire)),
        }
    }
}

/// Moves the clock made with it by [`Clock::manual`].
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// Makes it `now`, later or earlier than before.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::Release);
    }

    /// Lets `span` pass.
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(micros_of(span), Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn proto(seconds: i64, nanos: i32) -> prost_types::Timestamp {
        prost_types::Timestamp { seconds, nanos }
    }

    #[test]
    fn nanoseconds_are_cut_towards_the_past() {
        let before_epoch = Timestamp::try_from(proto(-1, 999_999_999)).unwrap();
        assert_eq!(before_epoch.as_micros(), -1);
        assert_eq!(
            prost_types::Timestamp::from(before_epoch),
            proto(-1, 999_999_000)
        );
        let jiff = jiff::Timestamp::new(-1, -1).unwrap();
        assert_eq!(Timestamp::from(jiff).as_micros(), -1_000_001);
    }

    #[test]
    fn instants_no_calendar_holds_name_the_field() {
        for (seconds, nanos) in [
            (i64::MAX, 0),
            (i64::MIN, 0),
            (253_402_300_800, 0),
            (0, -1),
            (0, 1_000_000_000),
        ] {
            let refused = Timestamp::from_proto("period.start_time", &proto(seconds, nanos));
            assert_eq!(refused.unwrap_err().field, "period.start_time");
        }
    }

    #[test]
    fn a_row_with_any_integer_can_be_shown() {
        assert_eq!(Timestamp(i64::MIN).to_string(), Timestamp::MIN.to_string());
        assert_eq!(
            Timestamp(i64::MAX).to_string(),
            "9999-12-30T22:00:00.999999Z"
        );
    }

    #[test]
    fn the_manual_clock_stands_until_moved() {
        let (clock, hand) = Clock::manual(Timestamp::EPOCH);
        assert_eq!(clock.now(), Timestamp::EPOCH);
        hand.advance(Duration::from_secs(60));
        assert_eq!(clock.now().since(Timestamp::EPOCH), Duration::from_secs(60));
        assert_eq!(Timestamp::EPOCH.since(clock.now()), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn every_instant_survives_the_wire_and_the_calendar(
            micros in Timestamp::MIN.0..=Timestamp::MAX.0,
        ) {
            let instant = Timestamp(micros);
            prop_assert_eq!(Timestamp::try_from(prost_types::Timestamp::from(instant)), Ok(instant));
            prop_assert_eq!(Timestamp::from(instant.to_jiff()), instant);
            prop_assert_eq!(instant.to_string().parse::<Timestamp>().unwrap(), instant);
        }

        #[test]
        fn no_proto_timestamp_panics(seconds: i64, nanos: i32) {
            let _ = Timestamp::try_from(proto(seconds, nanos));
        }
    }
}
