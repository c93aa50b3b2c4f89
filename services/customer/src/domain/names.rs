//! What customers are called.

use super::invalid::InvalidFields;
use super::text;
use rapport_platform::numbered;

/// Longest name, in characters as readers count them.
pub const MAX_NAME: usize = 200;
/// Longest salutation.
const MAX_SALUTATION: usize = 50;

/// The name of a natural person.
///
/// The full name is what the person writes, in any script and order. The parts are there where
/// the name divides that way; many names do not, so nothing is derived from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName {
    full: String,
    given: Option<String>,
    family: Option<String>,
    salutation: Option<String>,
}

/// A person's name as it was sent or stored; empty parts are unknown.
#[derive(Debug, Clone, Copy, Default)]
pub struct PersonNameParts<'a> {
    /// The whole name; required.
    pub full_name: &'a str,
    /// Given name.
    pub given_name: &'a str,
    /// Family name.
    pub family_name: &'a str,
    /// How to address the person, such as `Dr.`.
    pub salutation: &'a str,
}

impl PersonName {
    /// Reads a name: every part on one line, at most 200 characters (the salutation 50).
    pub fn parse(parts: PersonNameParts<'_>) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let full = faults.take("full_name", text::line(parts.full_name, MAX_NAME));
        let given = optional(&mut faults, "given_name", parts.given_name, MAX_NAME);
        let family = optional(&mut faults, "family_name", parts.family_name, MAX_NAME);
        let salutation = optional(&mut faults, "salutation", parts.salutation, MAX_SALUTATION);
        faults.finish(full.map(|full| Self {
            full,
            given,
            family,
            salutation,
        }))
    }

    /// The whole name as the person writes it.
    pub fn full(&self) -> &str {
        &self.full
    }

    /// The given name, where known.
    pub fn given(&self) -> Option<&str> {
        self.given.as_deref()
    }

    /// The family name, where known.
    pub fn family(&self) -> Option<&str> {
        self.family.as_deref()
    }

    /// How to address the person, where known.
    pub fn salutation(&self) -> Option<&str> {
        self.salutation.as_deref()
    }
}

/// The name of a company, authority, association or household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganisationName {
    legal: String,
    trading: Option<String>,
}

impl OrganisationName {
    /// Reads the registered name and, where it is another, the name it trades under.
    pub fn parse(legal_name: &str, trading_name: &str) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let legal = faults.take("legal_name", text::line(legal_name, MAX_NAME));
        let trading = optional(&mut faults, "trading_name", trading_name, MAX_NAME);
        faults.finish(legal.map(|legal| Self { legal, trading }))
    }

    /// The registered name.
    pub fn legal(&self) -> &str {
        &self.legal
    }

    /// The name it trades under, if another.
    pub fn trading(&self) -> Option<&str> {
        self.trading.as_deref()
    }
}

numbered! {
    /// What a customer is.
    pub enum CustomerKind as "kind of customer" {
        /// A natural person.
        Person = 1 "PERSON",
        /// A company, authority, association or household.
        Organisation = 2 "ORGANISATION",
    }
}

/// The name of any customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerName {
    /// Of a person.
    Person(PersonName),
    /// Of an organisation.
    Organisation(OrganisationName),
}

impl CustomerName {
    /// What the customer is.
    pub const fn kind(&self) -> CustomerKind {
        match self {
            Self::Person(_) => CustomerKind::Person,
            Self::Organisation(_) => CustomerKind::Organisation,
        }
    }

    /// What lists show: the person's full name, or the trading name before the legal one.
    pub fn display(&self) -> &str {
        match self {
            Self::Person(name) => name.full(),
            Self::Organisation(name) => name.trading().unwrap_or(name.legal()),
        }
    }

    /// Every form of the name that somebody may search for.
    pub fn forms(&self) -> impl Iterator<Item = &str> {
        let (first, others) = match self {
            Self::Person(name) => (name.full(), [name.given(), name.family()]),
            Self::Organisation(name) => (name.legal(), [name.trading(), None]),
        };
        std::iter::once(first).chain(others.into_iter().flatten())
    }
}

/// Faults are kept, so "none because refused" never reaches the finished name.
fn optional(faults: &mut InvalidFields, field: &str, raw: &str, max: usize) -> Option<String> {
    faults.take(field, text::optional_line(raw, max)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(full_name: &str) -> PersonNameParts<'_> {
        PersonNameParts {
            full_name,
            ..PersonNameParts::default()
        }
    }

    #[test]
    fn a_person_needs_only_the_name_she_writes() {
        let name = PersonName::parse(person(" 王小明 ")).unwrap();

        assert_eq!(name.full(), "王小明");
        assert_eq!(
            (name.given(), name.family(), name.salutation()),
            (None, None, None)
        );
    }

    #[test]
    fn parts_are_kept_where_the_name_has_them() {
        let name = PersonName::parse(PersonNameParts {
            full_name: "Dr. Ada Lovelace",
            given_name: "Ada",
            family_name: "Lovelace",
            salutation: "Dr.",
        })
        .unwrap();

        assert_eq!(name.given(), Some("Ada"));
        assert_eq!(name.family(), Some("Lovelace"));
        assert_eq!(name.salutation(), Some("Dr."));
    }

    #[test]
    fn every_refused_part_is_named_at_once() {
        let long = "x".repeat(201);
        let refused = PersonName::parse(PersonNameParts {
            full_name: "",
            given_name: &long,
            family_name: "Love\u{0}lace",
            salutation: "",
        })
        .unwrap_err();

        let fields: Vec<_> = refused
            .at("customer.person")
            .into_iter()
            .map(|violation| violation.field)
            .collect();
        assert_eq!(
            fields,
            [
                "customer.person.full_name",
                "customer.person.given_name",
                "customer.person.family_name"
            ]
        );
    }

    #[test]
    fn two_hundred_characters_are_a_name_and_one_more_is_not() {
        for letter in ["x", "王", "م", "é", "🙂"] {
            assert!(PersonName::parse(person(&letter.repeat(200))).is_ok());
            assert!(PersonName::parse(person(&letter.repeat(201))).is_err());
        }
    }

    #[test]
    fn an_organisation_is_shown_by_the_name_it_trades_under() {
        let both = OrganisationName::parse("Acme Holding AG", "Acme").unwrap();
        let one = OrganisationName::parse("Acme Holding AG", "").unwrap();

        assert_eq!(CustomerName::Organisation(both.clone()).display(), "Acme");
        assert_eq!(CustomerName::Organisation(one).display(), "Acme Holding AG");
        assert!(
            CustomerName::Organisation(both)
                .forms()
                .eq(["Acme Holding AG", "Acme"])
        );
    }
}
