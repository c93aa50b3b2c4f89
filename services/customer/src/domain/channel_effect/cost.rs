//! What contacts cost, exactly: in billionths of a unit of the currency.

use std::ops::AddAssign;

use rapport_platform::time::Timestamp;

use crate::domain::channel::Channel;
use crate::domain::invalid::{Invalid, InvalidFields};

const NANOS_PER_UNIT: i128 = 1_000_000_000;
/// Most units that a contact or a minute may cost.
const MOST_UNITS: i64 = 1_000_000;
const SECONDS_PER_MINUTE: i128 = 60;

/// What one contact, or one minute, costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnitCost(i64);

/// A cost as `google.type.Money` writes it.
#[derive(Debug, Clone, Copy)]
pub struct UnitCostParts<'a> {
    /// ISO 4217.
    pub currency: &'a str,
    /// Whole units.
    pub units: i64,
    /// Billionths of a unit.
    pub nanos: i32,
}

impl UnitCost {
    /// Reads an amount.
    pub fn parse(units: i64, nanos: i32) -> Result<Self, Invalid> {
        let whole = (0..=MOST_UNITS).contains(&units);
        let part = (0..1_000_000_000).contains(&nanos);
        let beyond = units == MOST_UNITS && nanos > 0;
        if !whole || !part || beyond {
            return Err(Invalid::new("must be from 0 to 1,000,000 units"));
        }
        Ok(Self(units * 1_000_000_000 + i64::from(nanos)))
    }

    /// A cost as it was stored.
    pub const fn stored(nanos: i64) -> Self {
        Self(nanos)
    }

    /// In billionths of a unit.
    pub const fn nanos(self) -> i64 {
        self.0
    }
}

/// What contacts on a channel cost from an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelCost {
    /// The channel.
    pub channel: Channel,
    /// ISO 4217.
    pub currency: String,
    /// Each contact.
    pub per_contact: UnitCost,
    /// Each minute of it.
    pub per_minute: UnitCost,
    /// From when on.
    pub effective: Timestamp,
}

/// A channel's cost as a message says it.
pub struct CostParts<'a> {
    /// Number of the channel.
    pub channel: i32,
    /// Each contact.
    pub per_contact: Option<UnitCostParts<'a>>,
    /// Each minute of it.
    pub per_minute: Option<UnitCostParts<'a>>,
    /// From when on.
    pub effective: Timestamp,
}

impl ChannelCost {
    /// Reads a cost.
    pub fn parse(parts: &CostParts<'_>) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let channel = faults.take("channel", Channel::try_from(parts.channel));
        let per_contact = faults.take("per_contact", amount(parts.per_contact));
        let per_minute = faults.take("per_minute", amount(parts.per_minute));
        let currency = faults.take("per_contact", currency(parts));
        let complete = channel.zip(currency).zip(per_contact.zip(per_minute));
        faults.finish(
            complete.map(|((channel, currency), (per_contact, per_minute))| Self {
                channel,
                currency,
                per_contact,
                per_minute,
                effective: parts.effective,
            }),
        )
    }

    /// What so many contacts that lasted so long together cost.
    pub fn of(&self, contacts: i64, seconds: i64) -> Spent {
        let each = i128::from(self.per_contact.0) * i128::from(contacts);
        let time = i128::from(self.per_minute.0) * i128::from(seconds);
        Spent(each + divided(time, SECONDS_PER_MINUTE))
    }
}

fn amount(parts: Option<UnitCostParts<'_>>) -> Result<UnitCost, Invalid> {
    parts.map_or(Ok(UnitCost::default()), |it| {
        UnitCost::parse(it.units, it.nanos)
    })
}

/// The currency of both amounts.
fn currency(parts: &CostParts<'_>) -> Result<String, Invalid> {
    let mut codes = [parts.per_contact, parts.per_minute]
        .into_iter()
        .flatten()
        .map(|it| it.currency);
    let first = codes
        .next()
        .ok_or_else(|| Invalid::new("is required, or per_minute"))?;
    if codes.any(|code| code != first) {
        return Err(Invalid::new("must be in the currency of per_minute"));
    }
    rapport_platform::money::currency_code(first).map_err(|fault| Invalid::new(fault.to_string()))
}

/// What was spent, in billionths of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent(i128);

impl Spent {
    /// Whole units and billionths of one.
    pub fn parts(self) -> (i64, i32) {
        let units = i64::try_from(self.0 / NANOS_PER_UNIT).unwrap_or(i64::MAX);
        let nanos = i32::try_from(self.0 % NANOS_PER_UNIT).unwrap_or_default();
        (units, nanos)
    }

    /// The part of one of so many.
    pub(super) fn by(self, count: i64) -> Option<Self> {
        (count > 0).then(|| Self(divided(self.0, i128::from(count))))
    }
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

/// The quotient of amounts above zero, to the nearest billionth, halves to the even one.
fn divided(amount: i128, by: i128) -> i128 {
    let (whole, rest) = (amount / by, amount % by);
    match (rest * 2).cmp(&by) {
        std::cmp::Ordering::Less => whole,
        std::cmp::Ordering::Equal => whole + whole % 2,
        std::cmp::Ordering::Greater => whole + 1,
    }
}
