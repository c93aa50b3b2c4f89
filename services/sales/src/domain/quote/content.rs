//! What a quote says.

use std::collections::BTreeMap;

use iso_currency::Currency;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::numbered;
use rapport_platform::time::Timestamp;
use uuid::Uuid;

use super::amounts::{self, Amounts};
use crate::domain::price::{Asked, BookVerdict, Entry, PriceBook, TaxTreatment};
use crate::domain::quantity::Quantity;
use crate::domain::share::Share;

/// Most lines of a quote.
pub const MOST_LINES: usize = 200;

numbered! {
    /// Where amounts are rounded, half away from zero, to the currency's minor unit.
    pub enum RoundingPolicy as "rounding policy" {
        /// Amount and tax of every line; totals are their sums.
        PerLine = 1 "PER_LINE",
        /// The total, and the tax at each rate; lines get their shares by largest remainder.
        Document = 2 "DOCUMENT",
    }
}

/// Price book and product of a price.
pub type PriceId = [Uuid; 2];

/// What somebody wants to offer, before list prices are looked up and amounts reckoned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What people call it.
    pub title: String,
    /// Of all its amounts.
    pub currency: Currency,
    /// Where amounts are rounded.
    pub rounding: RoundingPolicy,
    /// Whether its prices hold the tax.
    pub tax: TaxTreatment,
    /// On every line, after the line's own.
    pub discount: Share,
    /// What is offered.
    pub lines: Vec<DraftLine>,
    /// First instant at which the customer can no longer accept it.
    pub expire: Option<Timestamp>,
    /// Conditions.
    pub terms: Option<String>,
}

/// A position as somebody wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftLine {
    /// What the customer reads.
    pub description: String,
    /// The product, if it is one of ours.
    pub product: Option<Uuid>,
    /// The price that it is priced by.
    pub price: Option<PriceId>,
    /// How many.
    pub quantity: Quantity,
    /// Of one unit, in minor units; the list price without one.
    pub unit_price: Option<i64>,
    /// On this line.
    pub discount: Share,
    /// Rate of the tax.
    pub tax_rate: Share,
}

/// What a quote says. Amounts are in minor units of its currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// What people call it.
    pub title: String,
    /// Of all its amounts.
    pub currency: Currency,
    /// Where amounts are rounded.
    pub rounding: RoundingPolicy,
    /// Whether its prices hold the tax.
    pub tax: TaxTreatment,
    /// On every line, after the line's own.
    pub discount: Share,
    /// What is offered.
    pub lines: Vec<Line>,
    /// First instant at which the customer can no longer accept it.
    pub expire: Option<Timestamp>,
    /// Conditions.
    pub terms: Option<String>,
}

/// A position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What the customer reads.
    pub description: String,
    /// The product, if it is one of ours.
    pub product: Option<Uuid>,
    /// How many.
    pub quantity: Quantity,
    /// Of one unit, before discounts.
    pub unit_price: i64,
    /// On this line.
    pub discount: Share,
    /// Rate of the tax.
    pub tax_rate: Share,
    /// What the price book says, if it is priced by one.
    pub listing: Option<Listing>,
    /// What it comes to.
    pub amounts: Amounts,
}

/// What a price book said of a line when the quote was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// Which price.
    pub price: PriceId,
    /// Of one unit, for that quantity.
    pub list_price: i64,
    /// What one unit costs the company, if known.
    pub unit_cost: Option<i64>,
    /// The smallest margin at which it is sold without asking.
    pub floor_margin: Share,
    /// Whether the book is for everybody.
    pub for_all: bool,
}

/// The prices that a draft names, with their books.
pub type Prices = BTreeMap<PriceId, (PriceBook, Entry)>;

impl Draft {
    /// The prices that its lines name.
    pub fn prices(&self) -> impl Iterator<Item = PriceId> + '_ {
        self.lines.iter().filter_map(|line| line.price)
    }

    /// The products that its lines name, by themselves or by their prices.
    pub fn products(&self) -> impl Iterator<Item = Uuid> + '_ {
        let named = |line: &DraftLine| line.product.or(line.price.map(|[_, product]| product));
        self.lines.iter().filter_map(named)
    }

    /// Looks list prices up and reckons the amounts, as they are `now`.
    ///
    /// # Errors
    /// A price that does not hold for it, a line without any price, or amounts that are too large
    /// to be reckoned exactly.
    pub fn price(self, prices: &Prices, now: Timestamp) -> Result<Content, InvalidFields> {
        let mut faults = InvalidFields::default();
        if self.lines.is_empty() || self.lines.len() > MOST_LINES {
            faults.push("lines", Invalid::new("must be 1 to 200"));
        }
        if self.expire.is_some_and(|expire| expire <= now) {
            faults.push("expire_time", Invalid::new("is over: set a later one"));
        }
        let asked = Asked {
            currency: self.currency,
            tax: self.tax,
            segments: Vec::new(),
            at: now,
        };
        let priced = self
            .lines
            .into_iter()
            .enumerate()
            .filter_map(|(index, line)| {
                faults.take(&format!("lines[{index}]"), line.price(prices, &asked))
            });
        let lines = priced.collect();
        let mut content = Content {
            title: self.title,
            currency: self.currency,
            rounding: self.rounding,
            tax: self.tax,
            discount: self.discount,
            lines,
            expire: self.expire,
            terms: self.terms,
        };
        match amounts::reckon(&content) {
            Some(amounts) => {
                let pairs = content.lines.iter_mut().zip(amounts);
                pairs.for_each(|(line, amounts)| line.amounts = amounts);
            }
            None => faults.push("lines", Invalid::new("come to too large an amount")),
        }
        faults.finish(Some(content))
    }
}

impl DraftLine {
    fn price(self, prices: &Prices, asked: &Asked) -> Result<Line, InvalidFields> {
        let listing = self.price.map(|id| listing(prices, id, &self, asked));
        let listing = listing
            .transpose()
            .map_err(|fault| fault.within("price_book_entry"))?;
        let product = self.price.map(|[_, product]| product);
        if product.is_some() && self.product.is_some() && product != self.product {
            let why = "is another product than that of the price book entry";
            return Err(Invalid::new(why).within("product").into());
        }
        let unit_price = self.unit_price.or(listing.map(|it| it.list_price));
        let unit_price = unit_price.ok_or_else(|| {
            Invalid::new("is required without a price book entry").within("unit_price")
        })?;
        Ok(Line {
            description: self.description,
            product: product.or(self.product),
            quantity: self.quantity,
            unit_price,
            discount: self.discount,
            tax_rate: self.tax_rate,
            listing,
            amounts: Amounts::default(),
        })
    }
}

fn listing(
    prices: &Prices,
    id: PriceId,
    line: &DraftLine,
    asked: &Asked,
) -> Result<Listing, Invalid> {
    let known = prices.get(&id);
    let (book, entry) = known.ok_or_else(|| Invalid::new("does not exist"))?;
    let for_all = match book.judge(asked) {
        BookVerdict::Fits => true,
        // Nobody has checked whether the customer is in one of its segments.
        BookVerdict::OtherSegment => false,
        BookVerdict::OtherCurrency => return Err(Invalid::new("is in another currency")),
        BookVerdict::OtherTaxTreatment => {
            return Err(Invalid::new("treats the tax in another way than the quote"));
        }
        BookVerdict::NotYetValid | BookVerdict::NoLongerValid => {
            return Err(Invalid::new("does not hold now: look prices up again"));
        }
    };
    let tier = entry.tier(line.quantity);
    let tier = tier.ok_or_else(|| Invalid::new("has no price for so small a quantity"))?;
    Ok(Listing {
        price: id,
        list_price: tier.unit_price,
        unit_cost: entry.unit_cost(),
        floor_margin: entry.floor_margin(),
        for_all,
    })
}
