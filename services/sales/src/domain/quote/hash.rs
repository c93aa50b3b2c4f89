//! What identifies the content of a quote.

use sha2::{Digest as _, Sha256};

use super::content::{Content, Line};

/// SHA-256 of a quote's content in the form that the proto documents: the same for the same
/// promise, and for no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// Of what is offered to `customer`, for `opportunity` if it is not empty: both names.
    pub fn of(customer: &str, opportunity: &str, content: &Content) -> Self {
        let mut canon = Canon(Sha256::new());
        for text in ["rapport.quote.1", customer, opportunity, &content.title] {
            canon.text(text);
        }
        canon.text(content.currency.code());
        canon.number(content.rounding.number());
        canon.number(content.tax.number());
        canon.number(content.discount.ppm());
        canon.optional(content.expire.map(|it| it.as_micros()));
        canon.text(content.terms.as_deref().unwrap_or_default());
        content.lines.iter().for_each(|line| canon.line(line));
        Self(canon.0.finalize().into())
    }

    /// Of the bytes of a document.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// A hash as it is shown: 64 hexadecimal digits.
    pub fn shown(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let digits = text.as_bytes().chunks_exact(2);
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (byte, digits) in bytes.iter_mut().zip(digits) {
            let digits = std::str::from_utf8(digits).ok()?;
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// A hash that was stored.
    pub fn stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// As it is stored.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// As 64 hexadecimal digits.
impl std::fmt::Display for ContentHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Texts, each behind its length, so that no two lists of texts look alike.
struct Canon(Sha256);

impl Canon {
    fn text(&mut self, text: &str) {
        self.0.update(text.len().to_string());
        self.0.update(b":");
        self.0.update(text);
    }

    fn number(&mut self, number: impl Into<i64>) {
        self.text(&number.into().to_string());
    }

    fn optional(&mut self, number: Option<i64>) {
        match number {
            Some(number) => self.number(number),
            None => self.text(""),
        }
    }

    fn line(&mut self, line: &Line) {
        let uuid = |id: uuid::Uuid| id.hyphenated().to_string();
        let listing = line.listing;
        self.text(
            &line
                .product
                .map(|id| format!("products/{}", uuid(id)))
                .unwrap_or_default(),
        );
        let price = listing.map(|it| it.price.map(uuid));
        let price = price.map(|[book, entry]| format!("priceBooks/{book}/entries/{entry}"));
        self.text(&price.unwrap_or_default());
        self.text(&line.description);
        self.text(&line.quantity.to_string());
        self.number(line.unit_price);
        self.number(line.discount.ppm());
        self.number(line.tax_rate.ppm());
        self.optional(listing.map(|it| it.list_price));
        self.optional(listing.and_then(|it| it.unit_cost));
        self.number(listing.map_or(0, |it| it.floor_margin.ppm()));
        self.number(line.amounts.net);
        self.number(line.amounts.tax);
    }
}
