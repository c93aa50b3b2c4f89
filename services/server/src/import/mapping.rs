//! Mapping files: how one row of a CSV becomes a customer and what belongs to it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use super::template::{Template, Templates};

/// A mapping file as written. Values are Jinja templates over the row's columns; a
/// template that renders to nothing leaves its field unset.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingFile {
    /// The system whose ids the rows carry, such as `billing`.
    system: String,
    /// Column separator; a comma when absent.
    delimiter: Option<char>,
    /// Zone of times that carry none: an IANA name; UTC when absent.
    time_zone: Option<String>,
    customer: CustomerFile,
    #[serde(default, rename = "attribute")]
    attributes: Vec<AttributeSpec>,
    #[serde(default, rename = "contact_point")]
    contact_points: Vec<BTreeMap<String, String>>,
    #[serde(default, rename = "interaction")]
    interactions: Vec<BTreeMap<String, String>>,
    #[serde(default, rename = "preference")]
    preferences: Vec<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
struct CustomerFile {
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(flatten)]
    fields: BTreeMap<String, String>,
}

/// An attribute that the import needs and defines if the tenant has not.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttributeSpec {
    /// Its key on the customer.
    pub(crate) key: String,
    /// Its type without prefix, such as `INTEGER`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// What people call it.
    pub(crate) display_name: String,
    /// `TRAIT` (the default) or `HABIT`.
    pub(crate) category: Option<String>,
    /// The values of an `ENUM`.
    #[serde(default)]
    pub(crate) allowed_values: Vec<String>,
}

/// Fields of one part of the mapping, each with its template.
pub(crate) type Fields = BTreeMap<String, Template>;

/// A mapping ready to be applied.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(super) system: String,
    pub(super) delimiter: u8,
    pub(super) time_zone: jiff::tz::TimeZone,
    pub(super) attributes: Vec<AttributeSpec>,
    pub(super) templates: Templates,
    pub(super) customer: Fields,
    pub(super) values: Fields,
    pub(super) contact_points: Vec<Fields>,
    pub(super) interactions: Vec<Fields>,
    pub(super) preferences: Vec<Fields>,
}

const CUSTOMER_FIELDS: &[&str] = &[
    "external_id",
    "parent_external_id",
    "full_name",
    "given_name",
    "family_name",
    "salutation",
    "birth_date",
    "legal_name",
    "trading_name",
    "industry",
    "employee_count",
    "founding_year",
    "annual_revenue",
    "annual_revenue_currency",
    "language_code",
    "region_code",
    "time_zone",
    "primary_employee",
];
const CONTACT_POINT_FIELDS: &[&str] = &["email", "phone", "label", "rank", "channels"];
const INTERACTION_FIELDS: &[&str] = &[
    "repeat",
    "external_id",
    "channel",
    "direction",
    "purpose",
    "agent",
    "summary",
    "body",
    "outcome",
    "occur_time",
    "duration_seconds",
];
const PREFERENCE_FIELDS: &[&str] = &["purpose", "channel", "choice", "rank"];

impl Mapping {
    /// Reads and compiles a mapping file; errors name the field at fault.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("can't read the mapping {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("mapping {}", path.display()))
    }

    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let file: MappingFile = toml::from_str(text)?;
        let delimiter = u8::try_from(file.delimiter.unwrap_or(','))
            .context("`delimiter` must be an ASCII character")?;
        let time_zone = match &file.time_zone {
            Some(name) => jiff::tz::TimeZone::get(name).context("`time_zone`")?,
            None => jiff::tz::TimeZone::UTC,
        };
        let mut templates = Templates::new();
        let customer = compile(
            &mut templates,
            "customer",
            CUSTOMER_FIELDS,
            file.customer.fields,
        )?;
        anyhow::ensure!(
            customer.contains_key("full_name") != customer.contains_key("legal_name"),
            "`customer` needs either `full_name` (persons) or `legal_name` (organisations)"
        );
        anyhow::ensure!(
            customer.contains_key("external_id"),
            "`customer.external_id` is needed to know a row again"
        );
        let values = file.customer.attributes.into_iter();
        let values = values.map(|(key, source)| {
            let field = format!("customer.attributes.{key}");
            Ok((key, templates.add(field, source)?))
        });
        let values = values.collect::<anyhow::Result<Fields>>()?;
        Ok(Self {
            customer,
            values,
            contact_points: compile_each(
                &mut templates,
                "contact_point",
                CONTACT_POINT_FIELDS,
                file.contact_points,
            )?,
            interactions: compile_each(
                &mut templates,
                "interaction",
                INTERACTION_FIELDS,
                file.interactions,
            )?,
            preferences: compile_each(
                &mut templates,
                "preference",
                PREFERENCE_FIELDS,
                file.preferences,
            )?,
            system: file.system,
            delimiter,
            time_zone,
            attributes: file.attributes,
            templates,
        })
    }
}

pub(super) fn compile_each(
    templates: &mut Templates,
    part: &str,
    known: &[&str],
    all: Vec<BTreeMap<String, String>>,
) -> anyhow::Result<Vec<Fields>> {
    let parts = all.into_iter().enumerate();
    parts
        .map(|(index, fields)| compile(templates, &format!("{part}[{index}]"), known, fields))
        .collect()
}

pub(super) fn compile(
    templates: &mut Templates,
    part: &str,
    known: &[&str],
    fields: BTreeMap<String, String>,
) -> anyhow::Result<Fields> {
    fields
        .into_iter()
        .map(|(name, source)| {
            anyhow::ensure!(
                known.contains(&name.as_str()),
                "`{part}.{name}` is not a field; known are {}",
                known.join(", ")
            );
            let template = templates.add(format!("{part}.{name}"), source)?;
            Ok((name, template))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", Mapping::parse(text).unwrap_err())
    }

    #[test]
    fn a_mapping_needs_a_name_and_an_external_id() {
        let named = "system = 'crm'\n[customer]\nfull_name = '{{ name }}'";
        assert!(error(named).contains("customer.external_id"));
        let identified = "system = 'crm'\n[customer]\nexternal_id = '{{ id }}'";
        assert!(error(identified).contains("full_name"));
    }

    #[test]
    fn unknown_fields_and_broken_templates_are_named() {
        let text = "system = 'crm'\n[customer]\nexternal_id = 'x'\nfull_name = 'x'\nnickname = 'x'";
        assert!(error(text).contains("customer.nickname"));
        let text = "system = 'crm'\n[customer]\nexternal_id = '{{ id'\nfull_name = 'x'";
        assert!(error(text).contains("customer.external_id"));
        let text = "system = 'crm'\ntime_zone = 'Europe/Zuerich'\n[customer]\nexternal_id = 'x'\nfull_name = 'x'";
        assert!(error(text).contains("time_zone"));
    }
}
