//! Invented customers for the demo: plausible, and the same for the same seed.

use fake::Fake as _;
use fake::faker::name::raw::{FirstName, LastName};
use fake::locales::{DE_DE, EN, FR_FR, IT_IT, JA_JP, ZH_CN};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rapport_proto::google::r#type::Date;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::customer::Profile;
use rapport_proto::rapport::customer::v1::{ContactPoint, Customer, ExternalId, ImportRow, Person};

/// The system under whose ids the demo's customers are known.
pub const SYSTEM: &str = "demo";

/// `count` import rows of persons with an e-mail address and a phone number each.
pub fn rows(seed: u64, count: u64) -> Vec<ImportRow> {
    let mut random = StdRng::seed_from_u64(seed);
    (1..=count).map(|line| row(&mut random, line)).collect()
}

fn row(random: &mut StdRng, line: u64) -> ImportRow {
    let (language, person) = person(random);
    let addresses = [
        Address::Email(format!("customer{line}@example.com")),
        Address::Phone(format!("+4178{:07}", 2_000_000 + line % 7_000_000)),
    ];
    ImportRow {
        line: line as i64,
        customer: Some(Customer {
            profile: Some(Profile::Person(person)),
            external_ids: vec![ExternalId {
                system: SYSTEM.into(),
                id: line.to_string(),
            }],
            language_code: language.into(),
            region_code: "CH".into(),
            time_zone: "Europe/Zurich".into(),
            ..Customer::default()
        }),
        contact_points: addresses
            .map(|address| ContactPoint {
                address: Some(address),
                ..ContactPoint::default()
            })
            .into(),
        ..ImportRow::default()
    }
}

/// A person and the language to address it in.
fn person(random: &mut StdRng) -> (&'static str, Person) {
    let (language, given_name, family_name): (_, String, String) = match random.random_range(0..10)
    {
        0..4 => (
            "de-CH",
            name(FirstName(DE_DE), random),
            name(LastName(DE_DE), random),
        ),
        4..6 => (
            "fr-CH",
            name(FirstName(FR_FR), random),
            name(LastName(FR_FR), random),
        ),
        6..8 => (
            "it-CH",
            name(FirstName(IT_IT), random),
            name(LastName(IT_IT), random),
        ),
        8 => (
            "en",
            name(FirstName(EN), random),
            name(LastName(EN), random),
        ),
        _ => return eastern_person(random),
    };
    let full_name = format!("{given_name} {family_name}");
    (
        language,
        with_birth_date(full_name, given_name, family_name, random),
    )
}

/// Names that are written family name first and without a space.
fn eastern_person(random: &mut StdRng) -> (&'static str, Person) {
    let (language, given_name, family_name) = if random.random() {
        (
            "zh",
            name(FirstName(ZH_CN), random),
            name(LastName(ZH_CN), random),
        )
    } else {
        (
            "ja",
            name(FirstName(JA_JP), random),
            name(LastName(JA_JP), random),
        )
    };
    let full_name = format!("{family_name}{given_name}");
    (
        language,
        with_birth_date(full_name, given_name, family_name, random),
    )
}

fn name<K>(kind: K, random: &mut StdRng) -> String
where
    String: fake::Dummy<K>,
{
    kind.fake_with_rng(random)
}

fn with_birth_date(
    full_name: String,
    given_name: String,
    family_name: String,
    random: &mut StdRng,
) -> Person {
    Person {
        full_name,
        given_name,
        family_name,
        salutation: String::new(),
        birth_date: Some(Date {
            year: random.random_range(1940..2007),
            month: random.random_range(1..=12),
            day: random.random_range(1..=28),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_people() {
        assert_eq!(rows(7, 50), rows(7, 50));
        assert_ne!(rows(7, 50), rows(8, 50));
    }
}
