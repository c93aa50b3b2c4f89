//! What may be spent for.

use std::collections::HashSet;

use iso_currency::Currency;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::Money;
use rapport_platform::text;

use crate::domain::forecast::currency;
use crate::domain::receivable;

/// Most categories of a policy.
const MOST_CATEGORIES: usize = 50;
/// Most days after which a line is late.
const MOST_DAYS: i32 = 3_650;
/// Longest key.
const LONGEST_KEY: usize = 63;

/// Something that may be spent for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// By which lines name it.
    pub key: String,
    /// What people call it.
    pub display_name: String,
    /// A line of more has a warning.
    pub line_limit: Option<i64>,
    /// A line of more needs a receipt.
    pub receipt_above: Option<i64>,
}

/// What may be spent for; amounts in minor units of its currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpensePolicy {
    currency: Currency,
    categories: Vec<Category>,
    manager_limit: Option<i64>,
    late_after: Option<i32>,
}

/// What was sent of a category: key, name, limit, and from where on it needs a receipt.
pub type CategoryParts<'a> = (&'a str, &'a str, Limit, Limit);

/// What was sent of an amount.
pub type Limit = Result<Option<Money>, Invalid>;

/// What was sent of a policy.
#[derive(Debug)]
pub struct PolicyParts<'a> {
    /// ISO 4217.
    pub currency_code: &'a str,
    /// What may be spent for.
    pub categories: Vec<CategoryParts<'a>>,
    /// Up to where managers approve.
    pub manager_limit: Limit,
    /// In days; 0: never.
    pub late_after_days: i32,
}

impl ExpensePolicy {
    /// Reads a policy.
    pub fn parse(parts: PolicyParts<'_>) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let home = faults.take("currency_code", currency(parts.currency_code));
        let days = parts.late_after_days;
        if !(0..=MOST_DAYS).contains(&days) {
            faults.push("late_after_days", Invalid::new("must be 0 to 3,650 days"));
        }
        let limit = faults.take("manager_limit", at_home(parts.manager_limit, home));
        let count = parts.categories.len();
        if !(1..=MOST_CATEGORIES).contains(&count) {
            faults.push("categories", Invalid::new("must be 1 to 50 categories"));
        }
        let mut keys = HashSet::new();
        let mut categories = Vec::new();
        for (index, sent) in parts
            .categories
            .into_iter()
            .take(MOST_CATEGORIES)
            .enumerate()
        {
            let field = format!("categories[{index}]");
            let category = faults.take(&field, category(sent, home));
            if category
                .as_ref()
                .is_some_and(|it| !keys.insert(it.key.clone()))
            {
                faults.push(&field, Invalid::new("repeats an earlier one").within("key"));
            }
            categories.extend(category);
        }
        faults.finish(home.zip(limit).map(|(currency, manager_limit)| Self {
            currency,
            categories,
            manager_limit,
            late_after: Some(days).filter(|days| *days > 0),
        }))
    }

    /// The currency in which expenses are paid back.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// What may be spent for.
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    /// The category with a key.
    pub fn category(&self, key: &str) -> Option<&Category> {
        self.categories.iter().find(|it| it.key == key)
    }

    /// Up to which total managers approve without a grant; none: any.
    pub const fn manager_limit(&self) -> Option<i64> {
        self.manager_limit
    }

    /// After how many days a line is late.
    pub const fn late_after(&self) -> Option<i32> {
        self.late_after
    }
}

fn category(
    (key, name, line_limit, receipt_above): CategoryParts<'_>,
    home: Option<Currency>,
) -> Result<Category, InvalidFields> {
    let mut faults = InvalidFields::default();
    let key = faults.take("key", parse_key(key));
    let name = faults.take("display_name", text::line(name, 120));
    let line_limit = faults.take("line_limit", at_home(line_limit, home));
    let receipt_above = faults.take("receipt_above", at_home(receipt_above, home));
    let parts = key.zip(name).zip(line_limit.zip(receipt_above));
    faults.finish(parts.map(
        |((key, display_name), (line_limit, receipt_above))| Category {
            key,
            display_name,
            line_limit,
            receipt_above,
        },
    ))
}

fn parse_key(key: &str) -> Result<String, Invalid> {
    let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_';
    let good = key.len() <= LONGEST_KEY
        && key.starts_with(|it: char| it.is_ascii_lowercase())
        && key.bytes().all(plain);
    good.then(|| key.to_owned()).ok_or_else(|| {
        Invalid::new("must be a-z, 0-9 and _, begin with a letter, and have at most 63 characters")
    })
}

fn at_home(sent: Limit, home: Option<Currency>) -> Result<Option<i64>, Invalid> {
    let Some(amount) = sent? else {
        return Ok(None);
    };
    if home.is_some_and(|home| home != amount.currency()) {
        return Err(Invalid::new("must be in the policy's currency"));
    }
    receivable::amount(amount.minor()).map(Some)
}
