//! What is sold.

use std::collections::HashSet;

use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::Money;
use rapport_platform::text;

/// Longest display name, in characters.
const MAX_NAME: usize = 200;
/// Longest series, in characters.
const MAX_SERIES: usize = 100;
/// Longest code.
const MAX_CODE: usize = 64;
/// Most aliases.
const MAX_ALIASES: usize = 50;

/// What systems call a product: visible ASCII characters, with spaces only between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductCode(String);

impl ProductCode {
    /// Reads a code.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        let plain = raw.bytes().all(|it| it.is_ascii_graphic() || it == b' ');
        if raw.is_empty() || raw.len() > MAX_CODE || !plain || raw.trim() != raw {
            return Err(Invalid::new(
                "is no product code: use 1 to 64 visible ASCII characters, such as GTX-PRO",
            ));
        }
        Ok(Self(raw.to_owned()))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is recorded of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    code: ProductCode,
    display_name: String,
    aliases: Vec<ProductCode>,
    series: Option<String>,
    list_price: Option<Money>,
    retired: bool,
}

/// A product as it was sent.
#[derive(Debug, Clone)]
pub struct ProductParts<'a> {
    /// Its code.
    pub code: &'a str,
    /// What people call it.
    pub display_name: &'a str,
    /// Its other codes.
    pub aliases: &'a [String],
    /// The series it belongs to.
    pub series: &'a str,
    /// What one costs.
    pub list_price: Result<Option<Money>, Invalid>,
    /// Whether it is no longer sold.
    pub retired: bool,
}

impl Product {
    /// Reads a product.
    pub fn parse(parts: ProductParts<'_>) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let code = faults.take("code", ProductCode::parse(parts.code));
        let display_name = faults.take("display_name", text::line(parts.display_name, MAX_NAME));
        let aliases = aliases(&mut faults, parts.code, parts.aliases);
        let series = faults.take("series", text::optional_line(parts.series, MAX_SERIES));
        let list_price = parts.list_price.and_then(not_negative);
        let list_price = faults.take("list_price", list_price);
        let complete = code.zip(display_name).zip(series.zip(list_price));
        faults.finish(
            complete.map(|((code, display_name), (series, list_price))| Self {
                code,
                display_name,
                aliases,
                series,
                list_price,
                retired: parts.retired,
            }),
        )
    }

    /// Its code.
    pub const fn code(&self) -> &ProductCode {
        &self.code
    }

    /// What people call it.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// Its other codes.
    pub fn aliases(&self) -> &[ProductCode] {
        &self.aliases
    }

    /// The code and the aliases.
    pub fn codes(&self) -> impl Iterator<Item = &ProductCode> {
        std::iter::once(&self.code).chain(&self.aliases)
    }

    /// The series it belongs to.
    pub fn series(&self) -> Option<&str> {
        self.series.as_deref()
    }

    /// What one costs.
    pub const fn list_price(&self) -> Option<Money> {
        self.list_price
    }

    /// Whether it is no longer sold.
    pub const fn retired(&self) -> bool {
        self.retired
    }
}

/// An amount that nobody owes.
pub fn not_negative(amount: Option<Money>) -> Result<Option<Money>, Invalid> {
    match amount {
        Some(amount) if amount.minor() < 0 => Err(Invalid::new("must not be negative")),
        amount => Ok(amount),
    }
}

fn aliases(faults: &mut InvalidFields, code: &str, raw: &[String]) -> Vec<ProductCode> {
    if raw.len() > MAX_ALIASES {
        faults.push("aliases", Invalid::new("are too many: at most 50"));
        return Vec::new();
    }
    let mut seen = HashSet::from([code]);
    let mut parsed = Vec::with_capacity(raw.len());
    for (index, alias) in raw.iter().enumerate() {
        let distinct = match seen.insert(alias) {
            true => ProductCode::parse(alias),
            false => Err(Invalid::new("repeats the code or an earlier alias")),
        };
        parsed.extend(faults.take(&format!("aliases[{index}]"), distinct));
    }
    parsed
}

#[cfg(test)]
mod tests {
    use iso_currency::Currency;

    use super::*;

    fn parse(code: &str, aliases: &[&str], price: i64) -> Result<Product, InvalidFields> {
        let aliases: Vec<_> = aliases.iter().map(|it| (*it).to_owned()).collect();
        Product::parse(ProductParts {
            code,
            display_name: "GTX Pro",
            aliases: &aliases,
            series: "GTX",
            list_price: Ok(Money::from_minor(price, Currency::USD).ok()),
            retired: false,
        })
    }

    #[test]
    fn codes_are_plain_and_distinct() {
        assert!(parse("GTX Pro", &["GTXPro"], 482_100).is_ok());
        for (code, aliases, field) in [
            (" GTX", &[][..], "code"),
            ("", &[], "code"),
            ("GTX\u{e9}", &[], "code"),
            ("GTX", &["GTX"], "aliases[0]"),
            ("GTX", &["a", "b", "a"], "aliases[2]"),
        ] {
            let refused = parse(code, aliases, 0).unwrap_err().at("");
            assert_eq!(refused[0].field, field);
        }
    }

    #[test]
    fn nobody_is_paid_to_take_it() {
        assert!(parse("GTX", &[], -1).is_err());
        assert!(parse("GTX", &[], 0).is_ok());
    }
}
