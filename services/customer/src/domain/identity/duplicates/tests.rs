//! Dirty records of invented persons, and how many of those that are one are told from those
//! that are not.

mod people;

use std::collections::{HashMap, HashSet};

use people::{Labelled, population};

use super::{DuplicatePolicy, Key, MatchReason, Traits, compare};
use crate::domain::contact_point::Address;
use crate::domain::email::EmailAddress;
use crate::domain::names::{CustomerName, OrganisationName, PersonName, PersonNameParts};
use crate::domain::phone::PhoneNumber;
use crate::domain::postal::{PostalAddress, PostalAddressParts};

/// As the store leaves out blocks that everybody shares.
const LARGEST_BLOCK: usize = 200;

fn person(full_name: &str, birth_date: Option<(i16, i8, i8)>) -> Traits {
    let parts = PersonNameParts {
        full_name,
        ..PersonNameParts::default()
    };
    Traits::new(
        &CustomerName::Person(PersonName::parse(parts).unwrap()),
        birth_date,
    )
}

fn organisation(legal_name: &str) -> Traits {
    let name = OrganisationName::parse(legal_name, "").unwrap();
    Traits::new(&CustomerName::Organisation(name), None)
}

fn email(traits: &mut Traits, address: &str) {
    traits.add(&Address::Email(EmailAddress::parse(address).unwrap()));
}

fn phone(traits: &mut Traits, number: &str) {
    traits.add(&Address::Phone(PhoneNumber::parse(number, None).unwrap()));
}

fn place(traits: &mut Traits, postal_code: &str, line: &str) {
    let parts = PostalAddressParts {
        region_code: "CH",
        postal_code,
        address_lines: vec![line],
        ..PostalAddressParts::default()
    };
    traits.add(&Address::Postal(PostalAddress::parse(&parts).unwrap()));
}

/// Pairs that blocking brings together.
fn pairs(records: &[Labelled]) -> HashSet<(usize, usize)> {
    let mut blocks: HashMap<Key, Vec<usize>> = HashMap::new();
    for (index, record) in records.iter().enumerate() {
        for key in record.traits.keys() {
            blocks.entry(key).or_default().push(index);
        }
    }
    let mut pairs = HashSet::new();
    for block in blocks.values().filter(|block| block.len() <= LARGEST_BLOCK) {
        for (position, &one) in block.iter().enumerate() {
            pairs.extend(block[position + 1..].iter().map(|&other| (one, other)));
        }
    }
    pairs
}

fn true_pairs(records: &[Labelled]) -> usize {
    let mut sizes: HashMap<usize, usize> = HashMap::new();
    for record in records {
        *sizes.entry(record.person).or_default() += 1;
    }
    sizes.values().map(|size| size * (size - 1) / 2).sum()
}

#[test]
fn of_dirty_records_nearly_all_that_are_one_are_found_and_hardly_any_other() {
    for (seed, persons) in [(1, 5_000), (2, 1_000), (3, 1_000)] {
        let records = population(seed, persons);
        let pairs = pairs(&records);
        let auto = DuplicatePolicy::default().auto();
        let (mut right, mut wrong) = (0, 0);
        for &(one, other) in &pairs {
            let (one, other) = (&records[one], &records[other]);
            let matched = compare(&one.traits, &other.traits).unwrap();
            if matched.score >= auto {
                if one.person == other.person {
                    right += 1;
                } else {
                    wrong += 1;
                }
            }
        }
        let all = true_pairs(&records);
        let recall = f64::from(right) / all as f64;
        let precision = f64::from(right) / f64::from(right + wrong);
        println!(
            "seed {seed}: {} records, {} pairs compared, {all} true: recall {recall:.4}, precision {precision:.4}",
            records.len(),
            pairs.len()
        );
        // All with all would be 60 million.
        assert!(pairs.len() < records.len() * 60, "{} pairs", pairs.len());
        assert!(recall >= 0.99, "recall {recall}");
        assert!(precision >= 0.995, "precision {precision}");
    }
}

#[test]
fn the_reasons_say_what_agrees() {
    let mut ada = person("Ada Lovelace", Some((1815, 12, 10)));
    let mut other = person("Lovelase, Ada", Some((1815, 10, 12)));
    email(&mut ada, "ada@example.com");
    email(&mut other, "ada@example.com");
    let matched = compare(&ada, &other).unwrap();
    assert_eq!(
        matched.reasons,
        [
            MatchReason::SimilarName,
            MatchReason::SimilarBirthDate,
            MatchReason::SameEmail
        ]
    );
    assert!(matched.score.value() > 0.95, "{matched:?}");
}

#[test]
fn hard_cases_are_told_apart() {
    let policy = DuplicatePolicy::default();
    let home = |traits: &mut Traits| {
        place(traits, "8002", "Seestrasse 7");
        phone(traits, "+41446681800");
        email(traits, "family@example.com");
    };
    let mut cases = Vec::new();
    let born = Some((1980, 5, 4));
    for (name, birth, other, other_birth, auto, review) in [
        ("twins", born, "Lena Meier", born, false, true),
        (
            "father and son",
            Some((1950, 2, 1)),
            "Anna Meier",
            born,
            false,
            false,
        ),
        ("married", born, "Anna Huber", born, false, true),
        ("the same", born, "Meier Anna", born, true, true),
        ("initial", born, "A. Meier", born, true, true),
        ("short form", born, "Anna Maria Meier", born, true, true),
    ] {
        let mut one = person("Anna Meier", birth);
        let mut two = person(other, other_birth);
        home(&mut one);
        home(&mut two);
        cases.push((name, one, two, auto, review));
    }
    let namesakes = (person("Anna Meier", None), person("Anna Meier", None));
    cases.push(("namesakes", namesakes.0, namesakes.1, false, false));
    for (name, one, two, auto, review) in cases {
        let score = compare(&one, &two).unwrap().score;
        assert_eq!(score >= policy.auto(), auto, "{name}: {score:?}");
        assert_eq!(score >= policy.review(), review, "{name}: {score:?}");
    }
}

#[test]
fn organisations_are_the_same_whatever_their_legal_form_is_called() {
    let (mut one, mut other) = (
        organisation("Müller Söhne AG"),
        organisation("MUELLER SOEHNE"),
    );
    place(&mut one, "8002", "Seestrasse 7");
    place(&mut other, "8002", "Seestr. 7");
    phone(&mut one, "+41446681800");
    phone(
        &mut other,
        "044 668 18 00".replace("044", "+41 44").as_str(),
    );
    assert!(one.keys().intersection(&other.keys()).next().is_some());
    let score = compare(&one, &other).unwrap().score;
    assert!(score >= DuplicatePolicy::default().auto(), "{score:?}");
    assert!(compare(&one, &person("Müller Söhne", None)).is_none());
}

#[test]
fn names_in_any_script_can_be_found_by_their_keys() {
    for name in ["Мария Иванова", "王 小明", "أحمد علي", "Ng", "O'Brien Sean"]
    {
        let (mut one, mut other) = (person(name, None), person(name, None));
        place(&mut one, "8002", "Seestrasse 7");
        place(&mut other, "8002", "Seestrasse 7");
        assert!(
            one.keys().intersection(&other.keys()).next().is_some(),
            "{name}"
        );
    }
}
