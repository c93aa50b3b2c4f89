//! What products cost: price books, and which of their prices holds.

use std::cmp::Reverse;

use iso_currency::Currency;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::{Money, MoneyError};
use rapport_platform::numbered;
use rapport_platform::period::Period;
use rapport_platform::text;
use rapport_platform::time::Timestamp;
use uuid::Uuid;

use super::quantity::Quantity;
use super::share::{Share, WHOLE_PPM};

/// Highest price or cost of one unit, in minor units.
const MOST: i64 = 1_000_000_000_000;
const MOST_TIERS: usize = 20;
const MOST_SEGMENTS: usize = 50;
const HIGHEST_PRIORITY: i32 = 1_000;

numbered! {
    /// Whether prices hold the tax.
    pub enum TaxTreatment as "tax treatment" {
        /// Tax is added to the prices.
        Exclusive = 1 "EXCLUSIVE",
        /// Tax is in the prices already.
        Inclusive = 2 "INCLUSIVE",
    }
}

numbered! {
    /// Whether a price book fits, or the first reason why it does not.
    pub enum BookVerdict as "verdict" {
        /// It fits.
        Fits = 1 "FITS",
        /// Its prices are in another currency.
        OtherCurrency = 2 "OTHER_CURRENCY",
        /// Its prices hold the tax and should not, or the other way round.
        OtherTaxTreatment = 3 "OTHER_TAX_TREATMENT",
        /// It begins to hold later.
        NotYetValid = 4 "NOT_YET_VALID",
        /// It no longer holds.
        NoLongerValid = 5 "NO_LONGER_VALID",
        /// The customer is in none of its segments.
        OtherSegment = 6 "OTHER_SEGMENT",
    }
}

numbered! {
    /// What became of a price that was looked at.
    pub enum PriceVerdict as "verdict" {
        /// It holds.
        Won = 1 "WON",
        /// A book that is placed better has a price too.
        Outranked = 2 "OUTRANKED",
        /// The quantity is below its smallest tier.
        QuantityTooSmall = 3 "QUANTITY_TOO_SMALL",
    }
}

/// Prices that hold for some customers, in one currency, for some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceBook {
    /// What people call it.
    pub display_name: String,
    /// Of all its prices.
    pub currency: Currency,
    /// Whether its prices hold the tax.
    pub tax: TaxTreatment,
    /// When it holds.
    pub period: Period,
    /// Whom it is for; none: everybody.
    pub segments: Vec<String>,
    /// The higher wins.
    pub priority: i32,
}

/// What was sent of a price book.
#[derive(Debug, Clone, Copy)]
pub struct PriceBookParts<'a> {
    /// What people call it.
    pub display_name: &'a str,
    /// ISO 4217.
    pub currency_code: &'a str,
    /// Number of the tax treatment.
    pub tax_treatment: i32,
    /// From when on it holds, and to when.
    pub period: (Option<Timestamp>, Option<Timestamp>),
    /// Whom it is for.
    pub segments: &'a [String],
    /// The higher wins.
    pub priority: i32,
}

impl PriceBook {
    /// Reads a price book.
    pub fn parse(parts: &PriceBookParts<'_>) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let display_name = faults.take("display_name", text::line(parts.display_name, 100));
        let currency = faults.take("currency_code", currency(parts.currency_code));
        let tax = faults.take("tax_treatment", TaxTreatment::try_from(parts.tax_treatment));
        let period = faults.take("", Period::parse(parts.period.0, parts.period.1));
        if !(0..=HIGHEST_PRIORITY).contains(&parts.priority) {
            faults.push("priority", Invalid::new("must be 0 to 1,000"));
        }
        if parts.segments.len() > MOST_SEGMENTS || !parts.segments.iter().all(|it| is_segment(it)) {
            let why = "must be at most 50 names such as `segments/key-accounts`";
            faults.push("segments", Invalid::new(why));
        }
        let mut segments = parts.segments.to_vec();
        segments.sort();
        segments.dedup();
        let book = display_name.zip(currency).zip(tax.zip(period));
        faults.finish(book.map(|((display_name, currency), (tax, period))| Self {
            display_name,
            currency,
            tax,
            period,
            segments,
            priority: parts.priority,
        }))
    }

    /// Whether its prices answer the question.
    pub fn judge(&self, asked: &Asked) -> BookVerdict {
        let for_whom = |own: &String| asked.segments.contains(own);
        match self.period {
            _ if self.currency != asked.currency => BookVerdict::OtherCurrency,
            _ if self.tax != asked.tax => BookVerdict::OtherTaxTreatment,
            period if period.from().is_some_and(|from| asked.at < from) => BookVerdict::NotYetValid,
            period if !period.contains(asked.at) => BookVerdict::NoLongerValid,
            _ if !self.segments.is_empty() && !self.segments.iter().any(for_whom) => {
                BookVerdict::OtherSegment
            }
            _ => BookVerdict::Fits,
        }
    }

    /// Orders books that fit, the best first: by priority, those for a segment, those that began
    /// to hold last, and those recorded first. Ids grow with time.
    pub fn place(&self, id: Uuid) -> impl Ord + use<> {
        let from = self.period.from().unwrap_or(Timestamp::MIN);
        (
            Reverse(self.priority),
            self.segments.is_empty(),
            Reverse(from),
            id,
        )
    }
}

/// Whether a text is the name of a customer segment.
fn is_segment(name: &str) -> bool {
    let id = name.strip_prefix("segments/").unwrap_or_default();
    let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'_' | b'-');
    (1..=63).contains(&id.len()) && id.bytes().all(plain)
}

/// What a price has to fit.
#[derive(Debug, Clone)]
pub struct Asked {
    /// To pay in.
    pub currency: Currency,
    /// Whether the price is to hold the tax.
    pub tax: TaxTreatment,
    /// Those that the customer is in.
    pub segments: Vec<String>,
    /// When it has to hold.
    pub at: Timestamp,
}

/// A price from a quantity on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    /// The smallest quantity.
    pub min_quantity: Quantity,
    /// Minor units of the book's currency.
    pub unit_price: i64,
}

/// What a product costs by a price book. Amounts in minor units of the book's currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    tiers: Vec<Tier>,
    unit_cost: Option<i64>,
    floor_margin: Share,
}

impl Entry {
    /// Puts an entry together: tiers in the order of their quantities, no two from the same on.
    pub fn new(
        tiers: Vec<Tier>,
        unit_cost: Option<i64>,
        floor_margin: Share,
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        if tiers.is_empty() || tiers.len() > MOST_TIERS {
            faults.push("tiers", Invalid::new("must be 1 to 20"));
        }
        let mut ordered = tiers;
        ordered.sort_by_key(|tier| tier.min_quantity);
        if ordered
            .windows(2)
            .any(|two| two[0].min_quantity == two[1].min_quantity)
        {
            faults.push("tiers", Invalid::new("has two prices from one quantity on"));
        }
        if floor_margin.ppm() >= WHOLE_PPM {
            faults.push("floor_margin_ppm", Invalid::new("must be below 1,000,000"));
        }
        if floor_margin > Share::NONE && unit_cost.is_none() {
            let why = "needs a unit_cost to be reckoned from";
            faults.push("floor_margin_ppm", Invalid::new(why));
        }
        faults.finish(Some(Self {
            tiers: ordered,
            unit_cost,
            floor_margin,
        }))
    }

    /// Its prices, from the smallest quantity on.
    pub fn tiers(&self) -> &[Tier] {
        &self.tiers
    }

    /// What one unit costs the company, if known.
    pub const fn unit_cost(&self) -> Option<i64> {
        self.unit_cost
    }

    /// The smallest margin at which it is sold without asking.
    pub const fn floor_margin(&self) -> Share {
        self.floor_margin
    }

    /// The price of so many.
    pub fn tier(&self, quantity: Quantity) -> Option<Tier> {
        let reached = self.tiers.iter().rev();
        reached.copied().find(|tier| tier.min_quantity <= quantity)
    }

    /// The lowest price before tax that keeps the margin: cost / (1 - margin), rounded up.
    pub fn floor_price(&self) -> Option<i64> {
        let cost = i128::from(self.unit_cost?) * i128::from(WHOLE_PPM);
        let rest = self.floor_margin.rest().max(1);
        i64::try_from((cost + rest - 1) / rest).ok()
    }
}

/// Chooses among the entries that fitting books have for a product, the best-placed book first:
/// what becomes of each, and the tier that holds.
pub fn choose(
    entries: &[&Entry],
    quantity: Quantity,
) -> (Vec<PriceVerdict>, Option<(usize, Tier)>) {
    let mut winner = None;
    let verdicts = entries.iter().enumerate().map(|(place, entry)| {
        let Some(tier) = entry.tier(quantity) else {
            return PriceVerdict::QuantityTooSmall;
        };
        if winner.is_some() {
            return PriceVerdict::Outranked;
        }
        winner = Some((place, tier));
        PriceVerdict::Won
    });
    (verdicts.collect(), winner)
}

/// The currency with a code, if it can be paid in.
pub fn currency(code: &str) -> Result<Currency, Invalid> {
    let fault = |error: MoneyError| Invalid::new(error.to_string());
    let currency = Currency::from_code(code).ok_or(fault(MoneyError::UnknownCurrency))?;
    Money::from_minor(0, currency).map_err(fault)?;
    Ok(currency)
}

/// The minor units of a price or cost of one unit in `currency`.
pub fn unit_amount(money: Money, currency: Currency) -> Result<i64, Invalid> {
    if money.currency() != currency {
        return Err(Invalid::new(MoneyError::CurrencyMismatch.to_string()));
    }
    if !(0..=MOST).contains(&money.minor()) {
        return Err(Invalid::new(
            "must be 0 or more, and at most 1,000,000,000,000 minor units",
        ));
    }
    Ok(money.minor())
}

#[cfg(test)]
mod tests;
