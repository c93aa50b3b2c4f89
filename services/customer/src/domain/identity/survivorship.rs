//! Which value of a field survives a merge, and which one comes back when it is undone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::invalid::{Invalid, InvalidFields};
use crate::domain::names::CustomerKind;

/// The known fields of a customer, by their path in an update mask. What is unknown is left out.
pub type Fields = BTreeMap<String, Value>;

/// Most attributes of one customer.
const MAX_ATTRIBUTES: usize = 100;
/// Stands for the whole name: full, given and family name belong together.
pub const FULL_NAME: &str = "person.full_name";
/// Year, month and day as one number; year 0 when unknown.
pub const BIRTH_DATE: &str = "person.birth_date";
/// Before the key of an attribute.
pub const ATTRIBUTES: &str = "attributes.";

const OF_ANYBODY: [&str; 4] = [
    "language_code",
    "region_code",
    "time_zone",
    "primary_employee",
];
const OF_PERSONS: [&str; 3] = [FULL_NAME, "person.salutation", BIRTH_DATE];
const OF_ORGANISATIONS: [&str; 6] = [
    "organisation.legal_name",
    "organisation.trading_name",
    "organisation.industry",
    "organisation.employee_count",
    "organisation.founding_year",
    "organisation.annual_revenue",
];

/// A field of the survivor that a merge wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its path.
    pub field: String,
    /// What the survivor had; none when it was unknown.
    pub before: Option<Value>,
    /// What it has since.
    pub after: Value,
}

/// Fields that the caller wants from the merged customer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chosen(Vec<String>);

impl Chosen {
    /// Reads the paths, for customers of a kind.
    pub fn parse(kind: CustomerKind, paths: &[String]) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        for (index, path) in paths.iter().enumerate() {
            if !is_field(kind, path) {
                let fault = Invalid::new("is no field that can be chosen for such a customer");
                faults.push(&format!("[{index}]"), fault);
            }
        }
        faults.finish(Some(Self(paths.to_vec())))
    }
}

fn is_field(kind: CustomerKind, path: &str) -> bool {
    let particular = match kind {
        CustomerKind::Person => &OF_PERSONS[..],
        CustomerKind::Organisation => &OF_ORGANISATIONS[..],
    };
    let attribute = path
        .strip_prefix(ATTRIBUTES)
        .is_some_and(|key| !key.is_empty());
    attribute || particular.contains(&path) || OF_ANYBODY.contains(&path)
}

/// What a merge writes: the survivor keeps what it has, unless the other's value was chosen or
/// says the same more completely; what it has not, it takes.
pub fn survive(survivor: &Fields, merged: &Fields, chosen: &Chosen) -> Vec<Written> {
    let is_attribute = |field: &&String| field.starts_with(ATTRIBUTES);
    let mut attributes = survivor.keys().filter(is_attribute).count();
    let mut written = Vec::new();
    for (field, value) in merged {
        let own = survivor.get(field);
        let takes = match own {
            None => true,
            Some(own) => own != value && (chosen.0.contains(field) || completes(field, own, value)),
        };
        if own.is_none() && is_attribute(&field) {
            if attributes == MAX_ATTRIBUTES {
                continue;
            }
            attributes += 1;
        }
        if takes {
            written.push(Written {
                field: field.clone(),
                before: own.cloned(),
                after: value.clone(),
            });
        }
    }
    written
}

/// Whether `other` says what `own` says and more: a birthday with its year.
fn completes(field: &str, own: &Value, other: &Value) -> bool {
    const YEAR: i64 = 10_000;
    let (Some(own), Some(other)) = (own.as_i64(), other.as_i64()) else {
        return false;
    };
    field == BIRTH_DATE && own < YEAR && own == other % YEAR
}

/// What undoing a merge writes, and what it leaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TakenBack {
    /// Fields that get their earlier value; none: unknown again.
    pub restored: Vec<(String, Option<Value>)>,
    /// Fields that somebody changed since.
    pub kept: Vec<String>,
}

/// Gives back the earlier value of each field that still has what the merge wrote.
pub fn take_back(current: &Fields, written: Vec<Written>) -> TakenBack {
    let mut taken = TakenBack::default();
    for Written {
        field,
        before,
        after,
    } in written
    {
        if current.get(&field) == Some(&after) {
            taken.restored.push((field, before));
        } else {
            taken.kept.push(field);
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn fields(entries: &[(&str, Value)]) -> Fields {
        let entries = entries.iter();
        entries
            .map(|(field, value)| ((*field).to_owned(), value.clone()))
            .collect()
    }

    fn chosen(paths: &[&str]) -> Chosen {
        let paths: Vec<_> = paths.iter().map(|&path| path.to_owned()).collect();
        Chosen::parse(CustomerKind::Person, &paths).unwrap()
    }

    fn written(survivor: &Fields, merged: &Fields, wanted: &[&str]) -> Vec<String> {
        let written = survive(survivor, merged, &chosen(wanted));
        written.into_iter().map(|it| it.field).collect()
    }

    #[test]
    fn the_survivor_keeps_what_it_has_and_takes_what_it_has_not() {
        let ada = fields(&[("language_code", json!("de")), ("time_zone", json!("UTC"))]);
        let other = fields(&[("language_code", json!("fr")), ("region_code", json!("CH"))]);
        assert_eq!(written(&ada, &other, &[]), ["region_code"]);
        assert_eq!(
            written(&ada, &other, &["language_code"]),
            ["language_code", "region_code"]
        );
    }

    #[test]
    fn a_birthday_gains_its_year_and_never_loses_it() {
        let day = |number: i32| fields(&[(BIRTH_DATE, json!(number))]);
        assert_eq!(written(&day(1210), &day(18_151_210), &[]), [BIRTH_DATE]);
        assert!(written(&day(18_151_210), &day(1210), &[]).is_empty());
        assert!(written(&day(1211), &day(18_151_210), &[]).is_empty());
    }

    #[test]
    fn a_customer_never_gets_more_attributes_than_it_can_have() {
        let attribute = |index: usize| (format!("attributes.a{index:03}"), json!(1));
        let full: Fields = (0..MAX_ATTRIBUTES).map(attribute).collect();
        let more: Fields = (50..MAX_ATTRIBUTES + 50).map(attribute).collect();
        assert!(survive(&full, &more, &Chosen::default()).is_empty());
    }

    #[test]
    fn fields_of_the_other_kind_can_not_be_chosen() {
        let paths = [
            "person.full_name".to_owned(),
            "organisation.industry".to_owned(),
        ];
        let refused = Chosen::parse(CustomerKind::Person, &paths).unwrap_err();
        let fields: Vec<_> = refused.at("f").into_iter().map(|it| it.field).collect();
        assert_eq!(fields, ["f[1]"]);
        for unknown in ["", "attributes.", "name", "lifecycle_stage", "parent"] {
            assert!(Chosen::parse(CustomerKind::Person, &[unknown.to_owned()]).is_err());
        }
    }

    #[test]
    fn what_was_changed_since_is_kept() {
        let merge = survive(
            &fields(&[]),
            &fields(&[("region_code", json!("CH")), ("time_zone", json!("UTC"))]),
            &Chosen::default(),
        );
        let now = fields(&[("region_code", json!("DE")), ("time_zone", json!("UTC"))]);
        let taken = take_back(&now, merge);
        assert_eq!(taken.kept, ["region_code"]);
        assert_eq!(taken.restored, [("time_zone".to_owned(), None)]);
    }

    fn any_fields() -> impl Strategy<Value = Fields> {
        let field = prop::sample::select(OF_ANYBODY.to_vec());
        prop::collection::btree_map(
            field.prop_map(str::to_owned),
            (0..3).prop_map(Value::from),
            0..4,
        )
    }

    proptest! {
        #[test]
        fn a_merge_undone_at_once_leaves_no_trace(survivor in any_fields(), merged in any_fields(), pick in any_fields()) {
            let chosen = Chosen(pick.into_keys().collect());
            let merge = survive(&survivor, &merged, &chosen);
            let mut now = survivor.clone();
            for it in &merge {
                now.insert(it.field.clone(), it.after.clone());
            }
            let TakenBack { restored, kept } = take_back(&now, merge);
            prop_assert!(kept.is_empty());
            for (field, value) in restored {
                match value {
                    Some(value) => now.insert(field, value),
                    None => now.remove(&field),
                };
            }
            prop_assert_eq!(now, survivor);
        }
    }
}
