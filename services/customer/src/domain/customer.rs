//! A customer as a whole.

use rapport_platform::time::Timestamp;

use super::external_id::ExternalId;
use super::invalid::{Invalid, InvalidFields};
use super::locale::{LanguageTag, ZoneName};
use super::names::PersonNameParts;
use super::profile::{Organisation, OrganisationParts, Person, Profile};
use super::region::Region;

/// Most external ids.
const MAX_EXTERNAL_IDS: usize = 20;
/// Longest id of an employee.
const MAX_EMPLOYEE_ID: usize = 64;

/// What callers say about a customer. What the customer belongs to and carries has rules of its own:
/// `hierarchy`, `attributes`, `lifecycle`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerDetails {
    profile: Profile,
    external_ids: Vec<ExternalId>,
    language: Option<LanguageTag>,
    region: Option<Region>,
    time_zone: Option<ZoneName>,
    primary_employee: Option<String>,
}

/// A customer as it was sent or stored; empty text is unknown.
#[derive(Debug, Clone)]
pub struct CustomerParts<'a> {
    /// What the customer is; required.
    pub profile: Option<ProfileParts<'a>>,
    /// Systems and ids.
    pub external_ids: Vec<(&'a str, &'a str)>,
    /// BCP 47 tag.
    pub language_code: &'a str,
    /// ISO 3166-1 alpha-2.
    pub region_code: &'a str,
    /// IANA name.
    pub time_zone: &'a str,
    /// `employees/{id}`.
    pub primary_employee: &'a str,
}

/// A profile as it was sent or stored.
#[derive(Debug, Clone, Copy)]
pub enum ProfileParts<'a> {
    /// A person's name, and year, month and day of birth.
    Person(PersonNameParts<'a>, Option<(i32, i32, i32)>),
    /// An organisation.
    Organisation(OrganisationParts<'a>),
}

impl CustomerDetails {
    /// Reads a customer at `now`.
    pub fn parse(parts: &CustomerParts<'_>, now: Timestamp) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let profile = faults.take("", profile(parts.profile, now));
        let external_ids = faults.take("external_ids", external_ids(&parts.external_ids));
        let language = faults.take(
            "language_code",
            optional(parts.language_code, LanguageTag::parse),
        );
        let region = faults.take(
            "region_code",
            optional(parts.region_code, str::parse::<Region>),
        );
        let time_zone = faults.take("time_zone", optional(parts.time_zone, ZoneName::parse));
        let employee = faults.take(
            "primary_employee",
            optional(parts.primary_employee, employee),
        );
        let details = (|| {
            Some(Self {
                profile: profile?,
                external_ids: external_ids?,
                language: language?,
                region: region?,
                time_zone: time_zone?,
                primary_employee: employee?,
            })
        })();
        faults.finish(details)
    }

    /// What the customer is.
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// How other systems know it: at most 20, one per system.
    pub fn external_ids(&self) -> &[ExternalId] {
        &self.external_ids
    }

    /// The language to address it in.
    pub const fn language(&self) -> Option<&LanguageTag> {
        self.language.as_ref()
    }

    /// Where it lives or sits; local phone numbers are numbers of this country.
    pub const fn region(&self) -> Option<Region> {
        self.region
    }

    /// Its time zone.
    pub const fn time_zone(&self) -> Option<&ZoneName> {
        self.time_zone.as_ref()
    }

    /// The employee who looks after it.
    pub fn primary_employee(&self) -> Option<&str> {
        self.primary_employee.as_deref()
    }
}

fn profile(parts: Option<ProfileParts<'_>>, now: Timestamp) -> Result<Profile, InvalidFields> {
    let mut faults = InvalidFields::default();
    let profile = match parts {
        None => {
            let missing = Invalid::new("is required: set `person` or `organisation`");
            faults.push("profile", missing);
            None
        }
        Some(ProfileParts::Person(name, born)) => faults
            .take("person", Person::parse(name, born, now))
            .map(Profile::Person),
        Some(ProfileParts::Organisation(parts)) => {
            let parsed = Organisation::parse(parts, now);
            faults
                .take("organisation", parsed)
                .map(Profile::Organisation)
        }
    };
    faults.finish(profile)
}

fn external_ids(raw: &[(&str, &str)]) -> Result<Vec<ExternalId>, InvalidFields> {
    if raw.len() > MAX_EXTERNAL_IDS {
        return Err(Invalid::new("are too many: a customer has at most 20").into());
    }
    let mut faults = InvalidFields::default();
    let mut ids: Vec<ExternalId> = Vec::with_capacity(raw.len());
    for (index, (system, id)) in raw.iter().enumerate() {
        let Some(id) = faults.take(&format!("[{index}]"), ExternalId::parse(system, id)) else {
            continue;
        };
        if ids.iter().any(|earlier| earlier.system() == id.system()) {
            faults.push(
                &format!("[{index}].system"),
                Invalid::new("repeats an earlier system: a customer has one id per system"),
            );
        }
        ids.push(id);
    }
    faults.finish(Some(ids))
}

fn employee(raw: &str) -> Result<String, Invalid> {
    let well_formed = raw.strip_prefix("employees/").is_some_and(|id| {
        (1..=MAX_EMPLOYEE_ID).contains(&id.len())
            && id
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || b"._-".contains(&it))
    });
    if well_formed {
        Ok(raw.to_owned())
    } else {
        Err(Invalid::new(
            "is no name of an employee: write one such as employees/17",
        ))
    }
}

fn optional<T>(
    raw: &str,
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> Result<Option<T>, Invalid> {
    if raw.is_empty() {
        Ok(None)
    } else {
        parse(raw).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::EPOCH;

    fn ada() -> CustomerParts<'static> {
        let name = PersonNameParts {
            full_name: "Ada Lovelace",
            ..PersonNameParts::default()
        };
        CustomerParts {
            profile: Some(ProfileParts::Person(name, None)),
            external_ids: Vec::new(),
            language_code: "",
            region_code: "",
            time_zone: "",
            primary_employee: "",
        }
    }

    #[test]
    fn a_customer_needs_only_a_name() {
        let details = CustomerDetails::parse(&ada(), NOW).unwrap();

        assert_eq!(details.profile().name().display(), "Ada Lovelace");
        assert_eq!((details.language(), details.region()), (None, None));
        assert_eq!(
            (details.time_zone(), details.primary_employee()),
            (None, None)
        );
    }

    #[test]
    fn details_are_kept_in_their_usual_form() {
        let parts = CustomerParts {
            external_ids: vec![("billing", "17"), ("erp", "17")],
            language_code: "de-ch",
            region_code: "CH",
            time_zone: "europe/zurich",
            primary_employee: "employees/anna.b",
            ..ada()
        };

        let details = CustomerDetails::parse(&parts, NOW).unwrap();

        assert_eq!(details.external_ids().len(), 2);
        assert_eq!(details.language().map(LanguageTag::as_str), Some("de-CH"));
        assert_eq!(details.region().map(Region::code), Some("CH"));
        assert_eq!(
            details.time_zone().map(ZoneName::as_str),
            Some("Europe/Zurich")
        );
        assert_eq!(details.primary_employee(), Some("employees/anna.b"));
    }

    #[test]
    fn every_fault_is_named_where_it_is() {
        let parts = CustomerParts {
            profile: None,
            external_ids: vec![("billing", "17"), ("ERP", ""), ("billing", "18")],
            language_code: "german",
            region_code: "Switzerland",
            time_zone: "Zürich",
            primary_employee: "Anna",
        };

        let refused = CustomerDetails::parse(&parts, NOW).unwrap_err();

        let fields: Vec<_> = refused
            .at("customer")
            .into_iter()
            .map(|it| it.field)
            .collect();
        assert_eq!(
            fields,
            [
                "customer.profile",
                "customer.external_ids[1].system",
                "customer.external_ids[1].id",
                "customer.external_ids[2].system",
                "customer.language_code",
                "customer.region_code",
                "customer.time_zone",
                "customer.primary_employee",
            ]
        );
    }

    #[test]
    fn faults_of_a_profile_are_named_below_it() {
        let name = PersonNameParts::default();
        let parts = CustomerParts {
            profile: Some(ProfileParts::Person(name, Some((1815, 13, 1)))),
            ..ada()
        };

        let refused = CustomerDetails::parse(&parts, NOW).unwrap_err();

        let fields: Vec<_> = refused
            .at("customer")
            .into_iter()
            .map(|it| it.field)
            .collect();
        assert_eq!(
            fields,
            ["customer.person.full_name", "customer.person.birth_date"]
        );
    }
}
