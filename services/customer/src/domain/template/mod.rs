//! Messages that are written once and filled in for every customer.

use std::collections::{BTreeMap, BTreeSet};

use rapport_platform::template::{self as engine, Escaping, Fault};

use super::channel::Channel;
use super::invalid::{Invalid, InvalidFields};
use super::text;

/// Longest display name, in characters.
const MAX_DISPLAY_NAME: usize = 100;
/// Longest subject, in characters.
const MAX_SUBJECT: usize = 2_000;
/// Longest text or HTML, in bytes, before and after it is filled in: what an interaction holds.
const MAX_BODY: usize = 64 * 1024;
/// Most merge fields.
const MAX_MERGE_FIELDS: usize = 50;
/// Longest description of a merge field, in characters.
const MAX_DESCRIPTION: usize = 200;
/// Longest value of a merge field, in characters.
const MAX_VALUE: usize = 2_000;
/// Longest key or id.
const MAX_ID: usize = 63;
/// What every template knows of the customer.
const CUSTOMER: &str = "customer";

/// The id of a template: a lower-case letter, then letters, digits or `-`; at most 63 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateId(String);

impl TemplateId {
    /// Reads an id.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        if is_id(raw, b'-') {
            Ok(Self(raw.to_owned()))
        } else {
            Err(Invalid::new(
                "is no template id: use 1 to 63 lower case letters, digits and '-', with a letter \
                 first, such as order-confirmation",
            ))
        }
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_id(raw: &str, joint: u8) -> bool {
    let known = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == joint;
    let first = raw.starts_with(|it: char| it.is_ascii_lowercase());
    first && raw.len() <= MAX_ID && raw.bytes().all(known)
}

/// A message that is filled in for every customer. What exists can be read: every text was parsed
/// and tried, and uses declared fields only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    display_name: String,
    channel: Channel,
    subject: String,
    text: String,
    html: Option<String>,
    merge_fields: Vec<MergeField>,
}

/// A field that senders fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeField {
    key: String,
    description: Option<String>,
}

/// A template as it was sent or stored.
#[derive(Debug, Clone, Default)]
pub struct TemplateParts<'a> {
    /// What people call it.
    pub display_name: &'a str,
    /// Number of the [`Channel`].
    pub channel: i32,
    /// The subject line.
    pub subject: &'a str,
    /// The message as plain text.
    pub text: &'a str,
    /// The message as HTML; empty for none.
    pub html: &'a str,
    /// Key and description of each merge field.
    pub merge_fields: Vec<(&'a str, &'a str)>,
}

/// What a template may say of a customer; none where it is not recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFields {
    /// What the customer is called.
    pub display_name: String,
    /// Of a person.
    pub given_name: Option<String>,
    /// Of a person.
    pub family_name: Option<String>,
    /// Of a person.
    pub salutation: Option<String>,
    /// BCP 47.
    pub language_code: Option<String>,
}

/// A template filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject line.
    pub subject: String,
    /// The message as plain text; may be empty.
    pub text: String,
    /// The message as HTML.
    pub html: Option<String>,
}

impl MergeField {
    fn parse(key: &str, description: &str) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        if !is_id(key, b'_') || key == CUSTOMER {
            faults.push(
                "key",
                Invalid::new(
                    "is no key: use 1 to 63 lower case letters, digits and '_', with a letter \
                     first; `customer` is taken",
                ),
            );
        }
        let description = faults.take(
            "description",
            text::optional_line(description, MAX_DESCRIPTION),
        );
        faults.finish(description.map(|description| Self {
            key: key.to_owned(),
            description,
        }))
    }

    /// How texts name it.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What it means.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }
}

impl CustomerFields {
    /// Name and value of each field.
    fn entries(&self) -> [(&'static str, Option<&str>); 5] {
        [
            ("display_name", Some(&self.display_name)),
            ("given_name", self.given_name.as_deref()),
            ("family_name", self.family_name.as_deref()),
            ("salutation", self.salutation.as_deref()),
            ("language_code", self.language_code.as_deref()),
        ]
    }

    /// Everything known of somebody, to try a template with.
    fn sample() -> Self {
        let known = || Some("Ada".to_owned());
        Self {
            display_name: "Ada".to_owned(),
            given_name: known(),
            family_name: known(),
            salutation: known(),
            language_code: known(),
        }
    }
}

impl Template {
    /// Reads a template: its texts can be read, use nothing but declared fields and what is known
    /// of customers, and can be filled in.
    pub fn parse(parts: &TemplateParts<'_>) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let display_name = faults.take(
            "display_name",
            text::line(parts.display_name, MAX_DISPLAY_NAME),
        );
        let channel = faults.take("channel", Channel::try_from(parts.channel));
        let merge_fields = faults.take("merge_fields", merge_fields(&parts.merge_fields));
        let subject = faults.take("subject", text::line(parts.subject, MAX_SUBJECT));
        let text = faults.take("text", body(parts.text));
        let html = faults.take("html", body(parts.html));
        if let Some(html) = &html
            && !html.is_empty()
        {
            if channel.is_some_and(|channel| channel != Channel::Email) {
                faults.push("html", Invalid::new("is for EMAIL only: leave it out"));
            }
            if parts.text.is_empty() {
                faults.push(
                    "text",
                    Invalid::new("is required beside `html`: not everybody reads HTML"),
                );
            }
        }
        let template = (|| {
            Some(Self {
                display_name: display_name?,
                channel: channel?,
                subject: subject?,
                text: text?,
                html: html.map(|html| (!html.is_empty()).then_some(html))?,
                merge_fields: merge_fields?,
            })
        })();
        if let Some(template) = &template {
            template.try_out(&mut faults);
        }
        faults.finish(template)
    }

    /// What people call it.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// The channel it is written for.
    pub const fn channel(&self) -> Channel {
        self.channel
    }

    /// The subject line, to be filled in.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The plain text, to be filled in.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The HTML, to be filled in.
    pub fn html(&self) -> Option<&str> {
        self.html.as_deref()
    }

    /// What senders fill in.
    pub fn merge_fields(&self) -> &[MergeField] {
        &self.merge_fields
    }

    /// Fills it in for a customer.
    ///
    /// # Errors
    /// Under `merge_fields` what is missing or too much, under `template` what the customer's
    /// record does not hold and the texts do not provide for.
    pub fn render(
        &self,
        values: &BTreeMap<String, String>,
        customer: &CustomerFields,
    ) -> Result<Rendered, InvalidFields> {
        self.check_values(values)?;
        let mut faults = InvalidFields::default();
        let rendered: Vec<_> = self
            .texts()
            .into_iter()
            .map(|text| {
                let filled = text.fill(values, customer);
                let filled = filled.map_err(|fault| unfilled(text.field, &fault));
                faults.take("template", filled)
            })
            .collect();
        let rendered = rendered.into_iter().collect::<Option<Vec<_>>>();
        faults.finish(rendered.map(|texts| {
            let mut texts = texts.into_iter();
            Rendered {
                subject: texts.next().unwrap_or_default(),
                text: texts.next().unwrap_or_default(),
                html: texts.next(),
            }
        }))
    }

    fn texts(&self) -> Vec<Text<'_>> {
        let text = |field, source, escaping, limit| Text {
            field,
            source,
            escaping,
            limit,
        };
        let mut texts = vec![
            // Four bytes a character at most; the message checks the characters.
            text("subject", &self.subject, Escaping::None, 4 * MAX_SUBJECT),
            text("text", &self.text, Escaping::None, MAX_BODY),
        ];
        let html = self.html.as_deref();
        texts.extend(html.map(|html| text("html", html, Escaping::Html, MAX_BODY)));
        texts
    }

    fn check_values(&self, values: &BTreeMap<String, String>) -> Result<(), InvalidFields> {
        let mut faults = InvalidFields::default();
        let declared: BTreeSet<&str> = self.merge_fields.iter().map(MergeField::key).collect();
        for key in &declared {
            let fault = match values.get(*key) {
                None => "is missing: the template needs it".to_owned(),
                Some(value) if value.chars().nth(MAX_VALUE).is_some() => {
                    format!("is too long: at most {MAX_VALUE} characters")
                }
                Some(value) if value.contains('\0') => "holds a NUL character".to_owned(),
                Some(_) => continue,
            };
            faults.push(&format!("merge_fields.{key}"), Invalid::new(fault));
        }
        // Not by their names: they may be anything, also somebody's data.
        if values.keys().any(|key| !declared.contains(key.as_str())) {
            let declared: Vec<_> = declared.into_iter().collect();
            let why = format!(
                "hold a key that the template does not declare: it declares [{}]",
                declared.join(", ")
            );
            faults.push("merge_fields", Invalid::new(why));
        }
        faults.finish(Some(()))
    }

    /// Reads every text, and fills it in once with everything and once with as little as can be.
    fn try_out(&self, faults: &mut InvalidFields) {
        let known = self.known_fields();
        let values: BTreeMap<String, String> = self
            .merge_fields
            .iter()
            .map(|field| (field.key.clone(), "1".to_owned()))
            .collect();
        for text in self.texts() {
            let tried = engine::check(text.source, &known).and_then(|()| {
                text.fill(&values, &CustomerFields::sample())?;
                match text.fill(&values, &CustomerFields::default()) {
                    Err(fault) if !fault.is_missing_value() => Err(fault),
                    _ => Ok(()),
                }
            });
            if let Err(fault) = tried {
                faults.push(text.field, Invalid::new(fault.to_string()));
            }
        }
    }

    fn known_fields(&self) -> BTreeSet<String> {
        let declared = self.merge_fields.iter().map(|field| field.key.clone());
        let customer = CustomerFields::default();
        let customer = customer
            .entries()
            .map(|(name, _)| format!("{CUSTOMER}.{name}"));
        declared.chain(customer).collect()
    }
}

/// One of a template's texts.
struct Text<'t> {
    field: &'static str,
    source: &'t str,
    /// How values are made safe in it.
    escaping: Escaping,
    /// How many bytes it may become.
    limit: usize,
}

impl Text<'_> {
    fn fill(
        &self,
        values: &BTreeMap<String, String>,
        customer: &CustomerFields,
    ) -> Result<String, Fault> {
        let known = customer.entries();
        let objects: [(&str, &[_]); 1] = [(CUSTOMER, &known)];
        engine::render(self.source, self.escaping, values, &objects, self.limit)
    }
}

/// Tells what a text that could not be filled in lacks.
fn unfilled(field: &str, fault: &Fault) -> Invalid {
    Invalid::new(format!("can't be filled in: its {field} {fault}"))
}

fn body(raw: &str) -> Result<String, Invalid> {
    if raw.len() > MAX_BODY {
        Err(Invalid::new("is too long: at most 65,536 bytes"))
    } else if raw.contains('\0') {
        Err(Invalid::new("holds a NUL character: send text"))
    } else {
        Ok(raw.to_owned())
    }
}

fn merge_fields(raw: &[(&str, &str)]) -> Result<Vec<MergeField>, InvalidFields> {
    if raw.len() > MAX_MERGE_FIELDS {
        return Err(Invalid::new("are too many: declare at most 50").into());
    }
    let mut faults = InvalidFields::default();
    let mut fields: Vec<MergeField> = Vec::with_capacity(raw.len());
    for (index, (key, description)) in raw.iter().enumerate() {
        let field = if fields.iter().any(|it| it.key == *key) {
            Err(Invalid::new("repeats an earlier key: leave it out").into())
        } else {
            MergeField::parse(key, description)
        };
        fields.extend(faults.take(&format!("[{index}]"), field));
    }
    faults.finish(Some(fields))
}

#[cfg(test)]
mod tests;
