//! How an exported customer is written: as a JSON line, or as a CSV row by templates.

use std::path::Path;

use anyhow::Context as _;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use prost::Message as _;
use prost_reflect::DynamicMessage;
use rapport_proto::rapport::customer::v1::ExportedCustomer;
use serde::Deserialize;

const MESSAGE: &str = "rapport.customer.v1.ExportedCustomer";

/// The format of an export file.
#[derive(Debug)]
pub(crate) enum Format {
    /// The message as JSON, a line each.
    JsonLines,
    /// Columns and their templates.
    Csv(Box<Columns>),
}

/// The columns of a CSV export.
#[derive(Debug)]
pub(crate) struct Columns {
    names: Vec<String>,
    environment: Environment<'static>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingFile {
    columns: toml::Table,
}

impl Format {
    /// CSV by the mapping file, or JSON lines without one.
    pub(crate) fn read(mapping: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = mapping else {
            return Ok(Self::JsonLines);
        };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("can't read the mapping {}", path.display()))?;
        Ok(Self::Csv(Box::new(Columns::parse(&text)?)))
    }

    /// What stands before the first customer.
    pub(crate) fn head(&self) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::JsonLines => Ok(Vec::new()),
            Self::Csv(columns) => record(columns.names.iter().map(String::as_str)),
        }
    }

    /// Appends one customer to `lines`.
    pub(crate) fn write(
        &self,
        customer: &ExportedCustomer,
        lines: &mut Vec<u8>,
    ) -> anyhow::Result<()> {
        let message = dynamic(customer)?;
        match self {
            Self::JsonLines => {
                serde_json::to_writer(&mut *lines, &message)?;
                lines.push(b'\n');
            }
            Self::Csv(columns) => lines.extend(columns.row(&message)?),
        }
        Ok(())
    }
}

impl Columns {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let file: MappingFile = toml::from_str(text)?;
        let mut environment = Environment::new();
        // What a customer lacks becomes an empty cell.
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        let mut names = Vec::new();
        for (name, template) in file.columns {
            let toml::Value::String(source) = template else {
                anyhow::bail!("column `{name}`: the template must be a text");
            };
            environment
                .add_template_owned(name.clone(), source)
                .with_context(|| format!("column `{name}`"))?;
            names.push(name);
        }
        anyhow::ensure!(!names.is_empty(), "the mapping has no columns");
        Ok(Self { names, environment })
    }

    fn row(&self, message: &DynamicMessage) -> anyhow::Result<Vec<u8>> {
        let customer = Value::from(Serde(message));
        let cells = self.names.iter().map(|name| {
            let template = self.environment.get_template(name)?;
            template
                .render(&customer)
                .with_context(|| format!("column `{name}`"))
        });
        let cells = cells.collect::<anyhow::Result<Vec<String>>>()?;
        record(cells.iter().map(String::as_str))
    }
}

fn record<'a>(cells: impl Iterator<Item = &'a str>) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    Ok(writer.into_inner()?)
}

fn dynamic(customer: &ExportedCustomer) -> anyhow::Result<DynamicMessage> {
    let descriptor = rapport_proto::descriptor_pool()
        .get_message_by_name(MESSAGE)
        .context("the exported message is not in the descriptor set")?;
    Ok(DynamicMessage::decode(
        descriptor,
        customer.encode_to_vec().as_slice(),
    )?)
}

#[cfg(test)]
mod tests {
    use rapport_proto::rapport::customer::v1::customer::Profile;
    use rapport_proto::rapport::customer::v1::{Customer, Organisation, Person};

    use super::*;

    fn exported(profile: Profile) -> ExportedCustomer {
        let customer = Customer {
            profile: Some(profile),
            ..Customer::default()
        };
        ExportedCustomer {
            customer: Some(customer),
            ..ExportedCustomer::default()
        }
    }

    fn written(format: &Format, customer: &ExportedCustomer) -> String {
        let mut lines = Vec::new();
        format.write(customer, &mut lines).unwrap();
        String::from_utf8(lines).unwrap()
    }

    #[test]
    fn a_json_line_is_the_message_in_protobufs_json() {
        let person = Person {
            full_name: "王小明".into(),
            ..Person::default()
        };
        let line = written(&Format::JsonLines, &exported(Profile::Person(person)));
        assert_eq!(
            line,
            "{\"customer\":{\"person\":{\"fullName\":\"王小明\"}}}\n"
        );
    }

    #[test]
    fn columns_are_templates_and_what_is_missing_stays_empty() {
        let columns = "[columns]\nname = '{{ customer.organisation.legalName }}'\nborn = '{{ customer.person.birthDate.year }}'";
        let format = Format::Csv(Box::new(Columns::parse(columns).unwrap()));
        let organisation = Organisation {
            legal_name: "Dot, Inc.".into(),
            ..Default::default()
        };
        let row = written(&format, &exported(Profile::Organisation(organisation)));
        assert_eq!(row, "\"Dot, Inc.\",\n");
        assert_eq!(format.head().unwrap(), b"name,born\n");
    }
}
