//! What is particular to a person and to an organisation.

use std::fmt;

use jiff::civil::Date;
use rapport_platform::money::Money;
use rapport_platform::time::Timestamp;

use super::invalid::{Invalid, InvalidFields};
use super::names::{CustomerKind, CustomerName, OrganisationName, PersonName, PersonNameParts};
use super::text;

/// Longest industry, in characters.
const MAX_INDUSTRY: usize = 100;
/// A leap year, in which every birthday exists.
const LEAP_YEAR: i16 = 2_000;

/// A customer's profile; its kind never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Profile {
    /// A natural person.
    Person(Person),
    /// A company, authority, association or household.
    Organisation(Organisation),
}

impl Profile {
    /// What the customer is.
    pub const fn kind(&self) -> CustomerKind {
        match self {
            Self::Person(_) => CustomerKind::Person,
            Self::Organisation(_) => CustomerKind::Organisation,
        }
    }

    /// The customer's name.
    pub fn name(&self) -> CustomerName {
        match self {
            Self::Person(person) => CustomerName::Person(person.name.clone()),
            Self::Organisation(it) => CustomerName::Organisation(it.name.clone()),
        }
    }
}

/// A natural person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    name: PersonName,
    birth_date: Option<BirthDate>,
}

impl Person {
    /// Reads a person; `birth_date` is year, month and day, where a year of 0 is unknown.
    pub fn parse(
        name: PersonNameParts<'_>,
        birth_date: Option<(i32, i32, i32)>,
        now: Timestamp,
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let name = faults.take("", PersonName::parse(name));
        let birth_date = birth_date
            .map(|date| BirthDate::parse(date, now))
            .transpose();
        let birth_date = faults.take("birth_date", birth_date);
        faults.finish(
            name.zip(birth_date)
                .map(|(name, birth_date)| Self { name, birth_date }),
        )
    }

    /// The person's name.
    pub const fn name(&self) -> &PersonName {
        &self.name
    }

    /// Date of birth, where known.
    pub const fn birth_date(&self) -> Option<BirthDate> {
        self.birth_date
    }
}

/// A date of birth, or only the birthday: many tell the day and not the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BirthDate {
    year: Option<i16>,
    month: i8,
    day: i8,
}

impl BirthDate {
    /// Reads year (0 when unknown), month and day; not later than today, wherever that is today.
    pub fn parse(date: (i32, i32, i32), now: Timestamp) -> Result<Self, Invalid> {
        let no_date =
            || Invalid::new("is no calendar date: set month and day, and the year if it is known");
        let (year, month, day) = date;
        let year = i16::try_from(year).map_err(|_| no_date())?;
        let month = i8::try_from(month).map_err(|_| no_date())?;
        let day = i8::try_from(day).map_err(|_| no_date())?;
        let year = (year != 0).then_some(year);
        let calendar = Date::new(year.unwrap_or(LEAP_YEAR), month, day).map_err(|_| no_date())?;
        if year.is_some_and(|year| year < 1) {
            return Err(no_date());
        }
        if year.is_some() && calendar > last_date_on_earth(now) {
            return Err(Invalid::new("lies in the future: check the year"));
        }
        Ok(Self { year, month, day })
    }

    /// Year, where known.
    pub const fn year(self) -> Option<i16> {
        self.year
    }

    /// Month, from 1.
    pub const fn month(self) -> i8 {
        self.month
    }

    /// Day of the month, from 1.
    pub const fn day(self) -> i8 {
        self.day
    }
}

/// `1815-12-10`, or `--12-10` when the year is unknown (ISO 8601:2000).
impl fmt::Display for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.year {
            Some(year) => write!(f, "{year:04}")?,
            None => f.write_str("-")?,
        }
        write!(f, "-{:02}-{:02}", self.month, self.day)
    }
}

/// The date where the day begins first (UTC+14).
fn last_date_on_earth(now: Timestamp) -> Date {
    jiff::tz::offset(14).to_datetime(now.to_jiff()).date()
}

/// A company, authority, association or household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    name: OrganisationName,
    industry: Option<String>,
    employee_count: Option<u32>,
    founding_year: Option<i16>,
    annual_revenue: Option<Money>,
}

/// An organisation as it was sent or stored; empty text and 0 are unknown.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrganisationParts<'a> {
    /// Registered name; required.
    pub legal_name: &'a str,
    /// The name it trades under.
    pub trading_name: &'a str,
    /// Line of business.
    pub industry: &'a str,
    /// Number of employees.
    pub employee_count: i32,
    /// Year of foundation.
    pub founding_year: i32,
    /// Revenue of the last business year.
    pub annual_revenue: Option<Money>,
}

impl Organisation {
    /// Reads an organisation.
    pub fn parse(parts: OrganisationParts<'_>, now: Timestamp) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let name = faults.take(
            "",
            OrganisationName::parse(parts.legal_name, parts.trading_name),
        );
        let industry = faults.take(
            "industry",
            text::optional_line(parts.industry, MAX_INDUSTRY),
        );
        let employees = faults.take("employee_count", employee_count(parts.employee_count));
        let founded = faults.take("founding_year", founding_year(parts.founding_year, now));
        let complete = name.zip(industry).zip(employees.zip(founded));
        faults.finish(
            complete.map(|((name, industry), (employee_count, founding_year))| Self {
                name,
                industry,
                employee_count,
                founding_year,
                annual_revenue: parts.annual_revenue,
            }),
        )
    }

    /// Its names.
    pub const fn name(&self) -> &OrganisationName {
        &self.name
    }

    /// Line of business in the tenant's own words, where known.
    pub fn industry(&self) -> Option<&str> {
        self.industry.as_deref()
    }

    /// Number of employees, where known.
    pub const fn employee_count(&self) -> Option<u32> {
        self.employee_count
    }

    /// Year of foundation, where known.
    pub const fn founding_year(&self) -> Option<i16> {
        self.founding_year
    }

    /// Revenue of the last business year, where known.
    pub const fn annual_revenue(&self) -> Option<Money> {
        self.annual_revenue
    }
}

fn employee_count(raw: i32) -> Result<Option<u32>, Invalid> {
    match u32::try_from(raw) {
        Ok(0) => Ok(None),
        Ok(count) => Ok(Some(count)),
        Err(_) => Err(Invalid::new(
            "can't be negative: leave it 0 when it is unknown",
        )),
    }
}

fn founding_year(raw: i32, now: Timestamp) -> Result<Option<i16>, Invalid> {
    let this_year = last_date_on_earth(now).year();
    match i16::try_from(raw) {
        Ok(0) => Ok(None),
        Ok(year) if (1..=this_year).contains(&year) => Ok(Some(year)),
        _ => Err(Invalid::new(
            "is no past year: leave it 0 when it is unknown",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-01T12:00:00Z.
    const NOW: Timestamp = Timestamp::from_micros(1_772_366_400_000_000);

    fn person(birth_date: Option<(i32, i32, i32)>) -> Result<Person, InvalidFields> {
        let name = PersonNameParts {
            full_name: "Ada Lovelace",
            ..PersonNameParts::default()
        };
        Person::parse(name, birth_date, NOW)
    }

    #[test]
    fn a_birthday_may_be_known_without_its_year() {
        for (date, told) in [
            ((1815, 12, 10), "1815-12-10"),
            ((0, 12, 10), "--12-10"),
            ((0, 2, 29), "--02-29"),
            ((2024, 2, 29), "2024-02-29"),
            ((2026, 3, 2), "2026-03-02"),
        ] {
            let born = person(Some(date)).unwrap().birth_date().unwrap();
            assert_eq!(born.to_string(), told);
        }
        assert_eq!(person(None).unwrap().birth_date(), None);
    }

    #[test]
    fn nobody_is_born_on_no_day_or_tomorrow() {
        for (date, says) in [
            ((2023, 2, 29), "no calendar date"),
            ((0, 2, 30), "no calendar date"),
            ((1815, 0, 0), "no calendar date"),
            ((-5, 1, 1), "no calendar date"),
            ((70_000, 1, 1), "no calendar date"),
            ((2026, 3, 3), "lies in the future"),
        ] {
            let violations = person(Some(date)).unwrap_err().at("person");
            assert_eq!(violations[0].field, "person.birth_date");
            assert!(violations[0].description.contains(says), "{date:?}");
        }
    }

    #[test]
    fn what_is_unknown_of_an_organisation_stays_unknown() {
        let parts = OrganisationParts {
            legal_name: "Acme Corporation",
            ..OrganisationParts::default()
        };

        let acme = Organisation::parse(parts, NOW).unwrap();

        assert_eq!((acme.industry(), acme.employee_count()), (None, None));
        assert_eq!((acme.founding_year(), acme.annual_revenue()), (None, None));
        assert_eq!(
            Profile::Organisation(acme).name().display(),
            "Acme Corporation"
        );
    }

    #[test]
    fn every_fault_of_an_organisation_is_named() {
        let parts = OrganisationParts {
            industry: &"x".repeat(101),
            employee_count: -1,
            founding_year: 2_027,
            ..OrganisationParts::default()
        };

        let refused = Organisation::parse(parts, NOW).unwrap_err();

        let fields: Vec<_> = refused.at("it").into_iter().map(|it| it.field).collect();
        assert_eq!(
            fields,
            [
                "it.legal_name",
                "it.industry",
                "it.employee_count",
                "it.founding_year"
            ]
        );
    }
}
