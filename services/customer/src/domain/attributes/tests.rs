use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn key(raw: &str) -> AttributeKey {
    AttributeKey::parse(raw).unwrap()
}

fn parts(value_type: AttributeType) -> AttributeDefinitionParts<'static> {
    AttributeDefinitionParts {
        value_type: value_type.number(),
        category: AttributeCategory::Trait.number(),
        display_name: "Something",
        allowed_values: match value_type {
            AttributeType::Enum => vec!["married", "single"],
            _ => Vec::new(),
        },
        ..AttributeDefinitionParts::default()
    }
}

fn defined(name: &str, value_type: AttributeType) -> AttributeDefinition {
    AttributeDefinition::parse(key(name), &parts(value_type)).unwrap()
}

#[test]
fn a_value_is_read_by_the_type_of_its_definition() {
    let instant = at(1_700_000_000);
    for (value_type, given, text) in [
        (
            AttributeType::Text,
            Given::Text(" two\nlines "),
            "two\nlines",
        ),
        (
            AttributeType::Integer,
            Given::Integer(i64::MIN),
            "-9223372036854775808",
        ),
        (AttributeType::Decimal, Given::Decimal("-12.50"), "-12.50"),
        (
            AttributeType::Decimal,
            Given::Decimal("+0.000000000000000000000000001"),
            "0.000000000000000000000000001",
        ),
        (AttributeType::Boolean, Given::Boolean(true), "true"),
        (AttributeType::Date, Given::Date(2024, 2, 29), "2024-02-29"),
        (
            AttributeType::Timestamp,
            Given::Timestamp(instant),
            "2023-11-14T22:13:20Z",
        ),
        (AttributeType::Enum, Given::Text("single"), "single"),
    ] {
        let value = defined("it", value_type).read(given).unwrap();
        assert_eq!(value.to_string(), text);
        assert_eq!(Value::stored(value_type, text), Some(value));
    }
}

#[test]
fn what_is_not_of_the_type_is_refused_with_the_way_out() {
    let long = "x".repeat(2_001);
    for (value_type, given, says) in [
        (
            AttributeType::Integer,
            Given::Text("17"),
            "set the field for INTEGER",
        ),
        (
            AttributeType::Text,
            Given::Integer(17),
            "set the field for TEXT",
        ),
        (AttributeType::Text, Given::Text(""), "is required"),
        (AttributeType::Text, Given::Text(&long), "is too long"),
        (
            AttributeType::Enum,
            Given::Text("divorced"),
            "choose one of the 2 values",
        ),
        (
            AttributeType::Date,
            Given::Date(2023, 2, 29),
            "is no calendar date",
        ),
        (
            AttributeType::Date,
            Given::Date(0, 2, 1),
            "is no calendar date",
        ),
        (
            AttributeType::Date,
            Given::Date(2023, 0, 0),
            "is no calendar date",
        ),
        (
            AttributeType::Date,
            Given::Date(1_000_000, 257, 1),
            "is no calendar date",
        ),
        (
            AttributeType::Decimal,
            Given::Decimal(""),
            "is no decimal number",
        ),
        (
            AttributeType::Decimal,
            Given::Decimal("1e5"),
            "is no decimal number",
        ),
        (
            AttributeType::Decimal,
            Given::Decimal("1_000"),
            "is no decimal number",
        ),
        (
            AttributeType::Decimal,
            Given::Decimal("1,5"),
            "is no decimal number",
        ),
        (
            AttributeType::Decimal,
            Given::Decimal(".5"),
            "is no decimal number",
        ),
        (
            AttributeType::Decimal,
            Given::Decimal("--1"),
            "is no decimal number",
        ),
        (
            AttributeType::Decimal,
            Given::Decimal("12345678901234567890123456789"),
            "too many digits",
        ),
    ] {
        let refused = defined("it", value_type)
            .read(given)
            .unwrap_err()
            .to_string();
        assert!(refused.contains(says), "{given:?}: {refused}");
    }
}

#[test]
fn a_definition_names_every_fault() {
    for (parts, fields) in [
        (
            AttributeDefinitionParts::default(),
            &["it.display_name", "it.type", "it.category"][..],
        ),
        (
            AttributeDefinitionParts {
                allowed_values: vec!["x"],
                ..parts(AttributeType::Text)
            },
            &["it.allowed_values"],
        ),
        (
            AttributeDefinitionParts {
                allowed_values: vec![],
                ..parts(AttributeType::Enum)
            },
            &["it.allowed_values"],
        ),
        (
            AttributeDefinitionParts {
                allowed_values: vec!["a", "", "a "],
                ..parts(AttributeType::Enum)
            },
            &["it.allowed_values[1]", "it.allowed_values[2]"],
        ),
        (
            AttributeDefinitionParts {
                allowed_values: vec!["a"; 101],
                ..parts(AttributeType::Enum)
            },
            &["it.allowed_values"],
        ),
    ] {
        let refused = AttributeDefinition::parse(key("it"), &parts).unwrap_err();
        let found: Vec<_> = refused.at("it").into_iter().map(|it| it.field).collect();
        assert_eq!(found, fields);
    }
}

#[test]
fn a_key_is_a_word_for_programs() {
    for raw in ["a", "favourite_shop", "x9_"] {
        assert_eq!(key(raw).as_str(), raw);
    }
    for raw in ["", "A", "9x", "_x", "a-b", "a b", "ä", &"x".repeat(64)] {
        assert!(AttributeKey::parse(raw).is_err(), "{raw}");
    }
}

#[test]
fn a_definition_may_grow_but_not_forget() {
    let status = defined("status", AttributeType::Enum);
    let grown = AttributeDefinitionParts {
        allowed_values: vec!["widowed", "single", "married"],
        ..parts(AttributeType::Enum)
    };
    let shrunk = AttributeDefinitionParts {
        allowed_values: vec!["married"],
        ..parts(AttributeType::Enum)
    };

    assert_eq!(status.revise(&grown).unwrap().allowed_values().len(), 3);
    assert_eq!(
        status.revise(&shrunk).unwrap_err().at("it")[0].field,
        "it.allowed_values"
    );
    let retyped = status.revise(&parts(AttributeType::Text)).unwrap_err();
    assert_eq!(retyped.at("it")[0].field, "it.type");
}

#[test]
fn an_unchanged_value_keeps_who_recorded_it() {
    let schema = AttributeSchema::of([
        defined("income", AttributeType::Decimal),
        defined("shop", AttributeType::Text),
        defined("vip", AttributeType::Boolean),
    ]);
    let first = [
        ("income", Given::Decimal("1000.0")),
        ("shop", Given::Text("Bern")),
    ];
    let before = schema
        .revise(&Attributes::default(), first, "employees/1", at(1))
        .unwrap();

    let second = [
        ("income", Given::Decimal("1000")),
        ("vip", Given::Boolean(true)),
    ];
    let after = schema.revise(&before, second, "users/2", at(2)).unwrap();

    let told: Vec<_> = after
        .iter()
        .map(|(key, it)| {
            (
                key.as_str(),
                it.value().to_string(),
                it.recorder(),
                it.record_time(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("income", "1000.0".to_owned(), "employees/1", at(1)),
            ("vip", "true".to_owned(), "users/2", at(2)),
        ]
    );
}

#[test]
fn what_is_known_stays_known_when_its_definition_is_gone() {
    let schema = AttributeSchema::of([defined("shop", AttributeType::Text)]);
    let given = [("shop", Given::Text("Bern"))];
    let known = schema
        .revise(&Attributes::default(), given, "employees/1", at(1))
        .unwrap();
    let none = AttributeSchema::default();

    assert_eq!(
        none.revise(&known, given, "users/2", at(2)).as_ref(),
        Ok(&known)
    );
    let changed = none.revise(&known, [("shop", Given::Text("Basel"))], "users/2", at(2));
    let violations = changed.unwrap_err().at("customer.attributes");
    assert_eq!(violations[0].field, "customer.attributes.shop");
    assert!(violations[0].description.contains("is not defined"));
}

#[test]
fn malformed_keys_and_too_many_attributes_are_refused() {
    let names: Vec<_> = (0..=MAX_ATTRIBUTES)
        .map(|index| format!("a{index}"))
        .collect();
    let schema = AttributeSchema::of(names.iter().map(|it| defined(it, AttributeType::Boolean)));
    let given = |count: usize| {
        names[..count]
            .iter()
            .map(|it| (it.as_str(), Given::Boolean(true)))
    };
    let revise = |count| schema.revise(&Attributes::default(), given(count), "users/1", at(1));

    assert!(revise(MAX_ATTRIBUTES).is_ok());
    assert!(revise(MAX_ATTRIBUTES + 1).is_err());
    let malformed = [("No Key", Given::Boolean(true))];
    let refused = schema
        .revise(&Attributes::default(), malformed, "users/1", at(1))
        .unwrap_err();
    assert_eq!(refused.at("attributes")[0].field, "attributes");
}

proptest! {
    #[test]
    fn a_decimal_that_is_accepted_is_kept_exactly(raw in "-?[0-9]{1,20}(\\.[0-9]{1,12})?") {
        let digits = raw.bytes().filter(u8::is_ascii_digit).count();
        match defined("it", AttributeType::Decimal).read(Given::Decimal(&raw)) {
            Ok(value) => {
                let plain = |text: &str| text.trim_start_matches(['-', '0']).to_owned();
                prop_assert_eq!(plain(&value.to_string()), plain(&raw));
                let stored = Value::stored(AttributeType::Decimal, &value.to_string());
                prop_assert_eq!(stored, Some(value));
            }
            Err(_) => prop_assert!(digits > 28),
        }
    }

    #[test]
    fn no_date_breaks_the_reader(year: i32, month: i32, day: i32) {
        let _ = defined("it", AttributeType::Date).read(Given::Date(year, month, day));
    }
}
