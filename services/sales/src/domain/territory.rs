//! How customers are divided among territories: versions of a tree of them, each with a rule.

mod tree;

use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::{numbered, text};
use uuid::Uuid;

pub use tree::{MAX_LEVELS, Node, TreeFault, check_parent, ranked, top_down};

/// Most territories of one model: they are read and weighed together.
pub const MOST_TERRITORIES: u64 = 1_000;

/// Most models of a company that are prepared at once: each is kept up to date with its customers.
pub const MOST_PREPARED: u64 = 5;

const LONGEST_NAME: usize = 200;
const LONGEST_DESCRIPTION: usize = 2_000;
const LONGEST_RULE: usize = 2_000;
const LONGEST_REASON: usize = 500;
const LONGEST_KEY: usize = 63;
const MAX_PRIORITY: i32 = 10_000;

numbered! {
    /// Whether a model holds.
    pub enum ModelState as "state" {
        /// It is being planned.
        Planning = 1 "PLANNING",
        /// It says whose every customer is.
        Active = 2 "ACTIVE",
        /// It did once, or never will.
        Archived = 3 "ARCHIVED",
    }
}

numbered! {
    /// How far it is worked out whose every customer would be.
    pub enum Preparation as "preparation" {
        /// It is being worked out.
        Running = 1 "RUNNING",
        /// It is.
        Ready = 2 "READY",
    }
}

numbered! {
    /// Why a customer belongs to a territory.
    pub enum Cause as "cause" {
        /// The territory's rule fits.
        Rule = 1 "RULE",
        /// Somebody decided it.
        Manual = 2 "MANUAL",
    }
}

/// What somebody would do with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Change what it is called.
    Describe,
    /// Change its territories, or what becomes of it.
    Plan,
    /// Say who works its territories.
    Staff,
    /// Stop its preparation or activation.
    Cancel,
}

/// Why it can't be done: the state for programs, and in words.
pub type Refused = (&'static str, &'static str);

/// Whether a model in this state, which is or is not about to be activated, allows the step.
///
/// # Errors
/// `Refused`.
pub fn allow(state: ModelState, activating: bool, step: Step) -> Result<(), Refused> {
    match (state, step) {
        (ModelState::Archived, _) => Err(("ARCHIVED", "is archived. Copy it to plan on.")),
        (ModelState::Active, Step::Plan) => Err((
            "ACTIVE",
            "holds, and is not changed but replaced: copy it, plan the copy and activate that.",
        )),
        (ModelState::Active, Step::Cancel) => Err(("ACTIVE", "holds already.")),
        (ModelState::Planning, Step::Plan) if activating => Err((
            "ACTIVATING",
            "is about to be activated. Cancel that first, or wait.",
        )),
        _ => Ok(()),
    }
}

/// What a model is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// By people.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
}

impl Description {
    /// Reads it.
    ///
    /// # Errors
    /// `InvalidFields`.
    pub fn parse(display_name: &str, description: &str) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let name = faults.take("display_name", text::line(display_name, LONGEST_NAME));
        let description = text::optional_passage(description, LONGEST_DESCRIPTION);
        let description = faults.take("description", description);
        let read = name.zip(description);
        faults.finish(read.map(|(display_name, description)| Self {
            display_name,
            description,
        }))
    }
}

/// What a message says of a territory.
#[derive(Debug, Clone)]
pub struct TerritoryParts<'a> {
    /// As sent.
    pub code: &'a str,
    /// As sent.
    pub display_name: &'a str,
    /// Read from its name.
    pub parent: Result<Option<Uuid>, Invalid>,
    /// As sent.
    pub rule: &'a str,
    /// As sent.
    pub priority: i32,
}

/// A part of the market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Territory {
    /// Which it is in every model.
    pub code: String,
    /// What people call it.
    pub display_name: String,
    /// What it is part of.
    pub parent: Option<Uuid>,
    /// Which customers belong to it.
    pub rule: Option<String>,
    /// Which of equally deep ones comes first.
    pub priority: i32,
}

impl Territory {
    /// Reads one. That the rule is a filter is known only where the fields are.
    ///
    /// # Errors
    /// `InvalidFields`.
    pub fn parse(parts: TerritoryParts<'_>) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let code = faults.take("code", key(parts.code));
        let name = text::line(parts.display_name, LONGEST_NAME);
        let name = faults.take("display_name", name);
        let parent = faults.take("parent_territory", parts.parent);
        let rule = faults.take("rule", text::optional_passage(parts.rule, LONGEST_RULE));
        let priority = match parts.priority {
            it @ 0..=MAX_PRIORITY => Ok(it),
            _ => Err(Invalid::new("must be from 0 to 10,000")),
        };
        let priority = faults.take("priority", priority);
        let named = code.zip(name).zip(parent);
        let read = named.zip(rule.zip(priority));
        faults.finish(
            read.map(|(((code, display_name), parent), (rule, priority))| Self {
                code,
                display_name,
                parent,
                rule,
                priority,
            }),
        )
    }
}

/// Reads a code or role: lower case letters, digits, `-` and `_`.
///
/// # Errors
/// `Invalid`.
pub fn key(raw: &str) -> Result<String, Invalid> {
    let begins = raw.starts_with(|it: char| it.is_ascii_lowercase());
    let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || b"-_".contains(&it);
    match begins && raw.len() <= LONGEST_KEY && raw.bytes().all(plain) {
        true => Ok(raw.to_owned()),
        false if raw.is_empty() => Err(Invalid::new("is required")),
        false => Err(Invalid::new(
            "must be 1 to 63 lower case letters, digits, `-` and `_`, a letter first",
        )),
    }
}

/// Reads why somebody is pinned.
///
/// # Errors
/// `Invalid`.
pub fn reason(raw: &str) -> Result<Option<String>, Invalid> {
    text::optional_line(raw, LONGEST_REASON)
}

/// Checks from when to when somebody works a territory.
///
/// # Errors
/// `Invalid`, of the end.
pub fn check_days(start: i32, end: Option<i32>) -> Result<(), Invalid> {
    match end.is_some_and(|end| end < start) {
        true => Err(Invalid::new("must not be before start_date")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_holds_is_replaced_and_not_changed() {
        use ModelState::{Active, Archived, Planning};
        for (state, activating, step, refused) in [
            (Planning, false, Step::Plan, None),
            (Planning, true, Step::Plan, Some("ACTIVATING")),
            (Planning, true, Step::Cancel, None),
            (Planning, true, Step::Describe, None),
            (Active, false, Step::Plan, Some("ACTIVE")),
            (Active, false, Step::Cancel, Some("ACTIVE")),
            (Active, false, Step::Staff, None),
            (Archived, false, Step::Staff, Some("ARCHIVED")),
            (Archived, false, Step::Describe, Some("ARCHIVED")),
        ] {
            let answer = allow(state, activating, step).err().map(|it| it.0);
            assert_eq!(answer, refused, "{state:?} {step:?}");
        }
    }

    #[test]
    fn codes_are_plain() {
        for good in ["a", "dach-north", "z9_", &"x".repeat(63)] {
            assert_eq!(key(good).unwrap(), good);
        }
        for bad in ["", "A", "9a", "a b", "ä", "-a", &"x".repeat(64)] {
            assert!(key(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_fault_of_a_territory_is_told() {
        let parts = TerritoryParts {
            code: "",
            display_name: " ",
            parent: Err(Invalid::new("is no name")),
            rule: "\u{0}",
            priority: -1,
        };
        let faults = Territory::parse(parts).unwrap_err().at("");
        let fields: Vec<&str> = faults.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "code",
                "display_name",
                "parent_territory",
                "rule",
                "priority"
            ]
        );
    }
}
