//! What persons do in organisations.

use uuid::Uuid;

use super::fold::fold;
use super::hierarchy::Member;
use super::invalid::{Invalid, InvalidFields};
use super::names::CustomerKind;
use super::text;
use rapport_platform::period::Period;

/// Longest title, in characters.
const MAX_TITLE: usize = 100;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 1_000;

/// A person's role in an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    organisation: Uuid,
    title: String,
    description: Option<String>,
    valid: Period,
}

impl Role {
    /// Reads the role of a person in `organisation`; the ids and kinds come from the customers
    /// themselves.
    pub fn parse(
        person: Member,
        organisation: Member,
        title: &str,
        description: &str,
        valid: Result<Period, InvalidFields>,
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        if person.kind != CustomerKind::Person {
            faults.push(
                "",
                Invalid::new("is only for persons: the parent is an organisation"),
            );
        }
        if organisation.kind != CustomerKind::Organisation {
            faults.push(
                "organisation",
                Invalid::new("is a person: name the organisation in which the person has the role"),
            );
        }
        let title = faults.take("title", text::line(title, MAX_TITLE));
        let described = text::optional_passage(description, MAX_DESCRIPTION);
        let description = faults.take("description", described);
        let valid = faults.take("", valid);
        let complete = title.zip(description).zip(valid);
        faults.finish(complete.map(|((title, description), valid)| Self {
            organisation: organisation.id,
            title,
            description,
            valid,
        }))
    }

    /// The organisation.
    pub const fn organisation(&self) -> Uuid {
        self.organisation
    }

    /// What the person does there.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Anything worth knowing about it.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// When the person has it.
    pub const fn valid(&self) -> Period {
        self.valid
    }

    /// Whether the two say the same about one person: a role there of that title, in a period that
    /// overlaps.
    pub fn repeats(&self, other: &Self) -> bool {
        self.organisation == other.organisation
            && self.valid.overlaps(other.valid)
            && fold(&self.title) == fold(&other.title)
    }
}

#[cfg(test)]
mod tests {
    use rapport_platform::time::Timestamp;

    use super::*;

    fn customer(id: u128, kind: CustomerKind) -> Member {
        Member {
            id: Uuid::from_u128(id),
            kind,
        }
    }

    fn during(from: Option<i64>, to: Option<i64>) -> Result<Period, InvalidFields> {
        Period::parse(
            from.map(Timestamp::from_micros),
            to.map(Timestamp::from_micros),
        )
    }

    fn role(organisation: u128, title: &str, from: Option<i64>, to: Option<i64>) -> Role {
        let person = customer(1, CustomerKind::Person);
        let organisation = customer(organisation, CustomerKind::Organisation);
        Role::parse(person, organisation, title, "", during(from, to)).unwrap()
    }

    #[test]
    fn a_person_has_a_role_in_an_organisation() {
        let buyer = role(2, " Head of purchasing ", Some(1), None);

        assert_eq!(buyer.title(), "Head of purchasing");
        assert_eq!(buyer.organisation(), Uuid::from_u128(2));
        assert_eq!(buyer.description(), None);
    }

    #[test]
    fn every_fault_of_a_role_is_named() {
        let person = customer(1, CustomerKind::Person);
        let organisation = customer(2, CustomerKind::Organisation);

        let refused = Role::parse(organisation, person, "", "", during(Some(2), Some(1)));

        let violations = refused.unwrap_err().at("role");
        let fields: Vec<_> = violations.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "role",
                "role.organisation",
                "role.title",
                "role.valid_to_time"
            ]
        );
    }

    #[test]
    fn the_same_role_twice_at_a_time_is_a_repetition() {
        let buyer = role(2, "Buyer", Some(10), Some(20));
        for (other, repeats) in [
            (role(2, "BUYER", Some(19), None), true),
            (role(2, "Buyer", None, None), true),
            (role(2, "Buyer", Some(20), None), false),
            (role(2, "Seller", None, None), false),
            (role(3, "Buyer", None, None), false),
        ] {
            assert_eq!(buyer.repeats(&other), repeats, "{other:?}");
            assert_eq!(other.repeats(&buyer), repeats, "{other:?}");
        }
    }
}
