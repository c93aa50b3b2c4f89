//! Texts that are written once and filled in often: fields, filters and conditions, and nothing by
//! which a text could grow beyond its own length and that of its values.

mod syntax;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value, filters, tests,
};

/// Steps of the engine for one text: far more than 64 KiB of conditions need.
const FUEL: u64 = 100_000;

/// How values are made safe in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escaping {
    /// Not at all: it is no markup.
    None,
    /// As HTML.
    Html,
}

/// What is wrong with a text, and where. Never repeats a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    line: Option<usize>,
    kind: FaultKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum FaultKind {
    Forbidden(&'static str),
    Syntax,
    UnknownField(String),
    Unknown(&'static str),
    MissingValue,
    TooLong,
    Other,
}

impl Fault {
    /// Whether only a value was missing.
    pub fn is_missing_value(&self) -> bool {
        self.kind == FaultKind::MissingValue
    }

    fn of(error: &Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::SyntaxError => FaultKind::Syntax,
            ErrorKind::UndefinedError => FaultKind::MissingValue,
            ErrorKind::UnknownFilter => FaultKind::Unknown("filter"),
            ErrorKind::UnknownTest => FaultKind::Unknown("test"),
            ErrorKind::UnknownFunction | ErrorKind::UnknownMethod => FaultKind::Unknown("call"),
            ErrorKind::OutOfFuel | ErrorKind::WriteFailure => FaultKind::TooLong,
            _ => FaultKind::Other,
        };
        let line = error.line();
        Self { line, kind }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FaultKind::Forbidden(why) => f.write_str(why)?,
            FaultKind::Syntax => f.write_str("can't be read: mend the template's syntax")?,
            FaultKind::UnknownField(field) => write!(
                f,
                "uses `{field}`, which is neither declared in merge_fields nor one that every template knows"
            )?,
            FaultKind::Unknown(what) => write!(f, "uses a {what} that there is not")?,
            FaultKind::MissingValue => f.write_str(
                "uses a field that has no value: give it one, or let the text provide for it by \
                 `default`",
            )?,
            FaultKind::TooLong => f.write_str("becomes too long")?,
            FaultKind::Other => f.write_str("uses a value in a way that does not work")?,
        }
        match self.line {
            Some(line) => write!(f, " (line {line})"),
            None => Ok(()),
        }
    }
}

/// Reads a text and makes sure that it uses `known` fields only.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check(source: &str, known: &BTreeSet<String>) -> Result<(), Fault> {
    if let Some((line, why)) = syntax::forbidden(source) {
        let kind = FaultKind::Forbidden(why);
        let line = Some(line);
        return Err(Fault { line, kind });
    }
    let environment = environment(Escaping::None);
    let template = environment
        .template_from_str(source)
        .map_err(|error| Fault::of(&error))?;
    let used: BTreeSet<String> = template.undeclared_variables(true).into_iter().collect();
    match used.into_iter().find(|field| !known.contains(field)) {
        None => Ok(()),
        Some(field) => Err(Fault {
            line: None,
            kind: FaultKind::UnknownField(field),
        }),
    }
}

/// What is known of something that texts name, field by field; none where it is not recorded.
pub type Known<'a> = &'a [(&'static str, Option<&'a str>)];

/// Fills a text in with `values` by their keys, and with what is `known` of each thing by its name,
/// up to a length in bytes.
///
/// # Errors
/// What stands in the way, and where.
pub fn render(
    source: &str,
    escaping: Escaping,
    values: &BTreeMap<String, String>,
    known: &[(&'static str, Known<'_>)],
    limit: usize,
) -> Result<String, Fault> {
    let environment = environment(escaping);
    let template = environment
        .template_from_str(source)
        .map_err(|error| Fault::of(&error))?;
    let mut context: BTreeMap<&str, Value> = values
        .iter()
        .map(|(key, value)| (key.as_str(), Value::from(value.as_str())))
        .collect();
    for (thing, fields) in known {
        let fields = fields.iter();
        let fields: BTreeMap<&str, Value> = fields
            .filter_map(|(name, value)| Some((*name, Value::from((*value)?))))
            .collect();
        context.insert(thing, Value::from(fields));
    }
    let mut text = Limited {
        bytes: Vec::new(),
        limit,
    };
    template
        .render_captured_to(Value::from(context), &mut text)
        .map_err(|error| Fault::of(&error))?;
    Ok(String::from_utf8_lossy(&text.bytes).into_owned())
}

fn environment(escaping: Escaping) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(move |_| match escaping {
        Escaping::None => AutoEscape::None,
        Escaping::Html => AutoEscape::Html,
    });
    environment.add_filter("default", filters::default);
    environment.add_filter("upper", filters::upper);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("title", filters::title);
    environment.add_filter("trim", filters::trim);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("undefined", tests::is_undefined);
    environment
}

/// Takes bytes up to a limit.
struct Limited {
    bytes: Vec<u8>,
    limit: usize,
}

impl io::Write for Limited {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + more.len() > self.limit {
            return Err(io::Error::other("too long"));
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
