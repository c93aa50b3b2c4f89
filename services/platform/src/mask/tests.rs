use prost_types::FieldMask;
use rapport_proto::google::r#type::{Date, Money};
use rapport_proto::rapport::customer::v1::attribute_value::Value;
use rapport_proto::rapport::customer::v1::customer::Profile;
use rapport_proto::rapport::customer::v1::{
    AttributeValue, Customer, ExternalId, Organisation, Person,
};

use super::*;

const ALLOWED: &[&str] = &[
    "person",
    "organisation",
    "external_ids",
    "region_code",
    "time_zone",
    "attributes",
];

fn text(value: &str) -> AttributeValue {
    AttributeValue {
        value: Some(Value::Text(value.into())),
        ..AttributeValue::default()
    }
}

fn ada() -> Customer {
    let person = Person {
        full_name: "Ada Lovelace".into(),
        family_name: "Lovelace".into(),
        birth_date: Some(Date {
            year: 1815,
            month: 12,
            day: 10,
        }),
        ..Person::default()
    };
    Customer {
        name: "customers/1".into(),
        profile: Some(Profile::Person(person)),
        region_code: "GB".into(),
        external_ids: vec![ExternalId {
            system: "crm".into(),
            id: "1".into(),
        }],
        attributes: [("job".into(), text("poet")), ("pet".into(), text("cat"))].into(),
        ..Customer::default()
    }
}

fn person(customer: &Customer) -> &Person {
    match &customer.profile {
        Some(Profile::Person(person)) => person,
        other => panic!("no person: {other:?}"),
    }
}

fn mask(paths: &[&str]) -> Result<Mask, PlatformError> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    Mask::parse::<Customer>(Some(&FieldMask { paths }), ALLOWED)
}

fn update(paths: &[&str], patch: Customer) -> Customer {
    mask(paths).unwrap().merge(&ada(), &patch).unwrap()
}

fn patch(person: Person) -> Customer {
    Customer {
        profile: Some(Profile::Person(person)),
        ..Customer::default()
    }
}

#[test]
fn a_listed_field_is_set_and_its_neighbours_stay() {
    let merged = update(
        &["person.given_name", "region_code"],
        patch(Person {
            given_name: "Augusta".into(),
            ..Person::default()
        }),
    );
    assert_eq!(person(&merged).given_name, "Augusta");
    assert_eq!(person(&merged).full_name, "Ada Lovelace");
    assert_eq!(
        merged.region_code, "",
        "listed but absent in the patch: cleared"
    );
    assert_eq!(merged.attributes, ada().attributes);
    assert_eq!(merged.name, "customers/1");
}

#[test]
fn a_listed_message_is_replaced_as_a_whole() {
    let merged = update(
        &["person"],
        patch(Person {
            full_name: "Ada King".into(),
            ..Person::default()
        }),
    );
    assert_eq!(person(&merged).full_name, "Ada King");
    assert_eq!(person(&merged).family_name, "");
}

#[test]
fn without_a_mask_what_the_patch_holds_is_set_and_nothing_is_lost() {
    let mut sparse = patch(Person {
        full_name: "Ada King".into(),
        ..Person::default()
    });
    sparse.name = "customers/2".into();
    sparse.attributes.insert("job".into(), text("analyst"));
    for mask in [None, Some(&FieldMask::default())] {
        let mask = Mask::parse::<Customer>(mask, ALLOWED).unwrap();
        let merged = mask.merge(&ada(), &sparse).unwrap();
        assert_eq!(person(&merged).full_name, "Ada King");
        assert_eq!(person(&merged).family_name, "Lovelace");
        assert_eq!(merged.attributes["job"], text("analyst"));
        assert_eq!(merged.attributes["pet"], text("cat"));
        assert_eq!(merged.region_code, "GB");
        assert_eq!(
            merged.name, "customers/1",
            "not settable, so the patch's is ignored"
        );
    }
}

#[test]
fn a_star_replaces_all_that_callers_may_set() {
    let merged = update(
        &["*"],
        patch(Person {
            full_name: "Bob".into(),
            ..Person::default()
        }),
    );
    let expected = Customer {
        name: "customers/1".into(),
        ..patch(Person {
            full_name: "Bob".into(),
            ..Person::default()
        })
    };
    assert_eq!(merged, expected);
}

#[test]
fn an_entry_of_a_map_is_set_or_removed_by_its_key() {
    let mut change = Customer::default();
    change.attributes.insert("job".into(), text("analyst"));
    change.attributes.insert("v1.2".into(), text("dotted"));
    let merged = update(
        &["attributes.job", "attributes.pet", "attributes.`v1.2`"],
        change,
    );
    assert_eq!(
        merged.attributes,
        [
            ("job".into(), text("analyst")),
            ("v1.2".into(), text("dotted"))
        ]
        .into()
    );
}

#[test]
fn clearing_a_field_of_the_other_kind_does_not_change_the_kind() {
    let merged = update(&["organisation.industry"], Customer::default());
    assert_eq!(merged, ada());
}

#[test]
fn setting_a_field_of_the_other_kind_does() {
    let organisation = Organisation {
        legal_name: "Engines Ltd".into(),
        annual_revenue: Some(Money {
            currency_code: "GBP".into(),
            units: 1,
            nanos: 0,
        }),
        ..Organisation::default()
    };
    let change = Customer {
        profile: Some(Profile::Organisation(organisation.clone())),
        ..Customer::default()
    };
    let merged = update(
        &["organisation.legal_name", "organisation.annual_revenue"],
        change,
    );
    assert_eq!(merged.profile, Some(Profile::Organisation(organisation)));
}

#[test]
fn the_same_update_twice_changes_nothing_more() {
    let change = patch(Person {
        given_name: "Augusta".into(),
        ..Person::default()
    });
    for paths in [&["person.given_name", "attributes.pet"][..], &[], &["*"]] {
        let mask = mask(paths).unwrap();
        let once = mask.merge(&ada(), &change).unwrap();
        assert_eq!(mask.merge(&once, &change).unwrap(), once);
    }
}

#[test]
fn a_wrong_path_is_named() {
    for path in [
        "",
        ".",
        "person.",
        "nick_name",
        "fullName",
        "person.nick_name",
        "name",
        "create_time",
        "create_time.seconds",
        "person.birth_date.year",
        "external_ids.0",
        "external_ids.system",
        "region_code.x",
        "attributes.job.text",
        "attributes.`job",
        "*",
    ] {
        let refused = mask(&["region_code", path]).unwrap_err();
        assert!(
            matches!(&refused, PlatformError::MaskInvalid { path: named, .. } if named == path),
            "{path}: {refused:?}"
        );
    }
}

#[test]
fn hostile_paths_are_refused_quickly() {
    for path in [
        "person.".repeat(100_000),
        "`".repeat(100_000),
        ".".repeat(100_000),
    ] {
        assert!(mask(&[&path]).is_err());
    }
}

#[test]
fn only_the_allowed_part_of_a_message_can_be_set() {
    let paths = |paths: &[&str]| FieldMask {
        paths: paths.iter().map(ToString::to_string).collect(),
    };
    let parse =
        |listed: &[&str]| Mask::parse::<Customer>(Some(&paths(listed)), &["person.full_name"]);
    assert!(parse(&["person.full_name"]).is_ok());
    assert!(parse(&["person"]).is_err());
    assert!(parse(&["person.family_name"]).is_err());
}
