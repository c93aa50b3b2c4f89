//! What a quote says, as documents show it.

use std::collections::BTreeMap;

use iso_currency::Currency;
use rapport_platform::time::Timestamp;
use rust_decimal::Decimal;

use super::template::Template;

/// What documents show of a quote, its customer and its seller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What people call it.
    pub title: String,
    /// Number of the revision.
    pub revision: i64,
    /// When the revision was written.
    pub written: Timestamp,
    /// First instant at which it can no longer be accepted.
    pub expire: Option<Timestamp>,
    /// Conditions.
    pub terms: Option<String>,
    /// Identifies what it says.
    pub content_hash: String,
    /// Of all amounts, which are in its minor units.
    pub currency: Currency,
    /// Its positions.
    pub lines: Vec<LineFacts>,
    /// Rate of each tax in parts per million, and what it comes to.
    pub taxes: Vec<(i32, i64)>,
    /// After discounts and before tax.
    pub net: i64,
    /// The tax on it.
    pub tax: i64,
    /// What the customer pays.
    pub gross: i64,
    /// The customer.
    pub customer: CustomerFacts,
    /// What the seller is called, if he is recorded.
    pub seller: Option<String>,
    /// Whether the quote binds the company.
    pub binding: bool,
}

/// A position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFacts {
    /// What the customer reads.
    pub description: String,
    /// How many.
    pub quantity: Decimal,
    /// Price of one before discounts.
    pub unit_price: i64,
    /// Discounts in all, in parts per million.
    pub discount_ppm: i64,
    /// Rate of the tax, in parts per million.
    pub tax_rate_ppm: i64,
    /// After discounts and before tax.
    pub net: i64,
    /// What the customer pays.
    pub gross: i64,
}

/// What is known of a customer; none where it is not recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFacts {
    /// What the customer is called.
    pub display_name: String,
    /// Of a person.
    pub given_name: Option<String>,
    /// Of a person.
    pub family_name: Option<String>,
    /// Of a person.
    pub salutation: Option<String>,
    /// BCP 47.
    pub language_code: Option<String>,
}

/// The fields of quotes.
pub(super) const QUOTE: &str = "quote";
/// The fields of customers.
pub(super) const CUSTOMER: &str = "customer";
/// The fields of sellers.
pub(super) const SELLER: &str = "seller";

/// What texts may name, as one template writes it: thing, field and value.
pub(super) type Fields = BTreeMap<&'static str, Vec<(&'static str, Option<String>)>>;

impl Facts {
    /// Every field that texts may name, whether or not it has a value.
    pub(super) fn fields(&self, template: &Template) -> Fields {
        let day = |instant| template.day(instant);
        let money = |minor| self.money(minor, template);
        let last_day = self.expire.map(|end| {
            // Until, and not at, that instant.
            day(end.saturating_sub(std::time::Duration::from_micros(1)))
        });
        let quote = vec![
            ("title", Some(self.title.clone())),
            ("revision", Some(self.revision.to_string())),
            ("date", Some(day(self.written))),
            ("expire_date", last_day),
            ("terms", self.terms.clone()),
            ("currency_code", Some(self.currency.code().to_owned())),
            ("net_amount", Some(money(self.net))),
            ("tax_amount", Some(money(self.tax))),
            ("gross_amount", Some(money(self.gross))),
            ("content_hash", Some(self.content_hash.clone())),
        ];
        let CustomerFacts {
            display_name,
            given_name,
            family_name,
            salutation,
            language_code,
        } = self.customer.clone();
        let customer = vec![
            ("display_name", Some(display_name)),
            ("given_name", given_name),
            ("family_name", family_name),
            ("salutation", salutation),
            ("language_code", language_code),
        ];
        let seller = vec![("display_name", self.seller.clone())];
        Fields::from([(QUOTE, quote), (CUSTOMER, customer), (SELLER, seller)])
    }

    /// An amount with as many decimals as its currency has.
    pub(super) fn amount(&self, minor: i64, template: &Template) -> String {
        let decimals = self.currency.exponent().unwrap_or_default();
        let amount = Decimal::from_i128_with_scale(minor.into(), decimals.into());
        template.numbers().write(amount)
    }

    /// An amount with its currency.
    pub(super) fn money(&self, minor: i64, template: &Template) -> String {
        format!(
            "{}\u{A0}{}",
            self.amount(minor, template),
            self.currency.code()
        )
    }

    /// A quote of which everything is known, or as little as can be, to try templates with.
    pub(super) fn sample(everything: bool) -> Self {
        let known = |text: &str| everything.then(|| text.to_owned());
        Self {
            title: "Title".to_owned(),
            revision: 1,
            written: Timestamp::from_micros(0),
            expire: everything.then(|| Timestamp::from_micros(1)),
            terms: known("Terms"),
            content_hash: "0".to_owned(),
            currency: Currency::EUR,
            lines: Vec::new(),
            taxes: Vec::new(),
            net: 0,
            tax: 0,
            gross: 0,
            customer: CustomerFacts {
                display_name: "Ada".to_owned(),
                given_name: known("Ada"),
                family_name: known("Ada"),
                salutation: known("Ada"),
                language_code: known("en"),
            },
            seller: known("Sven"),
            binding: true,
        }
    }
}
