use std::sync::Arc;

use super::*;

const MAPPING: &str = r#"
system = "bank"
time_zone = "Europe/Lisbon"

[customer]
external_id = "{{ id }}"
full_name = "Customer {{ id }}"
birth_date = "{{ born }}"

[customer.attributes]
age = "{{ age }}"
housing = "{{ housing }}"

[[attribute]]
key = "age"
type = "INTEGER"
display_name = "Age"

[[attribute]]
key = "housing"
type = "BOOLEAN"
display_name = "Housing loan"

[[contact_point]]
email = "{{ email }}"

[[interaction]]
repeat = "{{ calls }}"
external_id = "{{ id }}-{{ n }}"
channel = "PHONE"
direction = "OUTBOUND"
summary = "Call {{ n }} of {{ calls }}"
occur_time = "2008-07-01T{{ '%02d' | format(n) }}:00"
"#;

fn applied(values: [(&str, &str); 6]) -> Result<ImportRow, RowError> {
    let columns = values.iter().enumerate();
    let columns = columns.map(|(index, (name, _))| ((*name).to_owned(), index));
    let record: Vec<_> = values.iter().map(|(_, value)| *value).collect();
    let row = Row::new(Arc::new(columns.collect()), record.into(), 2);
    Mapping::parse(MAPPING).unwrap().apply(&row)
}

fn row_with(column: &str, value: &'static str) -> Result<ImportRow, RowError> {
    let mut values = [
        ("id", "7"),
        ("born", "1950-02-28"),
        ("age", "58"),
        ("housing", "yes"),
        ("email", "anna@example.com"),
        ("calls", "2"),
    ];
    if let Some(found) = values.iter_mut().find(|(name, _)| *name == column) {
        found.1 = value;
    }
    applied(values)
}

#[test]
fn a_row_becomes_a_customer_with_typed_attributes_and_its_contacts() {
    let row = row_with("", "").unwrap();
    let customer = row.customer.unwrap();
    assert_eq!(customer.external_ids[0].system, "bank");
    assert_eq!(customer.external_ids[0].id, "7");
    assert_eq!(customer.attributes["age"].value, Some(Value::Integer(58)));
    assert_eq!(
        customer.attributes["housing"].value,
        Some(Value::Boolean(true))
    );
    let summaries: Vec<_> = row
        .interactions
        .iter()
        .map(|one| one.summary.as_str())
        .collect();
    assert_eq!(summaries, ["Call 1 of 2", "Call 2 of 2"]);
}

#[test]
fn times_without_a_zone_are_read_in_the_mappings() {
    let row = row_with("", "").unwrap();
    let first = row.interactions[0].occur_time.unwrap();
    let midnight: jiff::Timestamp = "2008-07-01T00:00:00Z".parse().unwrap();
    assert_eq!(
        first.seconds,
        midnight.as_second(),
        "01:00 in Lisbon in summer"
    );
}

#[test]
fn an_empty_column_leaves_the_field_unset() {
    let row = row_with("email", "").unwrap();
    assert!(row.contact_points.is_empty());
    let row = row_with("age", " ").unwrap();
    assert!(!row.customer.unwrap().attributes.contains_key("age"));
}

#[test]
fn a_bad_value_names_its_field() {
    let age = row_with("age", "fifty").unwrap_err();
    assert_eq!(age.field, "customer.attributes.age");
    let born = row_with("born", "1951-02-29").unwrap_err();
    assert_eq!(born.field, "customer.birth_date");
    let calls = row_with("calls", "1000000").unwrap_err();
    assert_eq!(calls.field, "interaction[0].repeat");
    let id = row_with("id", "").unwrap_err();
    assert_eq!(id.field, "customer.external_id");
}
