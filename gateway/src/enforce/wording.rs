//! What callers read about a field that breaks its rule.

use std::collections::HashMap;

use prost_protovalidate::Violation;
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};
use rapport_platform::problem::FieldViolation;

/// Formats for which the validator names the rule only.
const FORMATS: &[(&str, &str)] = &[
    ("string.email", "must be an e-mail address"),
    ("string.hostname", "must be a host name"),
    ("string.ip", "must be an IP address"),
    ("string.uri", "must be a URI"),
    (
        "string.uuid",
        "must be a UUID such as 0199a3c8-7f3e-7c1a-9d52-6b1f0e8d4c21",
    ),
    ("string.tuuid", "must be a UUID without hyphens"),
];

/// How the validator begins when a pattern is not matched.
const NO_MATCH: &str = "value does not match regex pattern ";
/// How it calls a text that has to have at least one character.
const NOTHING: &str = "length must be at least 1 characters";

/// The field of a rule about a whole message that is the request itself.
const WHOLE_REQUEST: &str = "*";

/// Puts violations into words.
pub(super) struct Wording {
    /// What the protos say about rules on whole messages, by the rule's id. The validator
    /// reports their ids alone.
    of_messages: HashMap<String, String>,
}

impl Wording {
    /// The words of the rules in these message types.
    pub(super) fn of<'a>(messages: impl IntoIterator<Item = &'a MessageDescriptor>) -> Self {
        Self {
            of_messages: messages.into_iter().flat_map(message_rules).collect(),
        }
    }

    /// The violation in our words: the field's path and what to send instead, never the
    /// value.
    pub(super) fn describe(&self, violation: &Violation) -> FieldViolation {
        let field = match violation.field_path() {
            path if path.is_empty() => WHOLE_REQUEST.to_owned(),
            path => path,
        };
        FieldViolation::new(
            field,
            self.sentence(violation.rule_id(), violation.message()),
        )
    }

    fn sentence(&self, rule: &str, message: &str) -> String {
        if let Some((_, format)) = FORMATS.iter().find(|(id, _)| rule == *id) {
            return (*format).to_owned();
        }
        // What to send reads better than what was not found.
        if let Some(pattern) = message.strip_prefix(NO_MATCH) {
            return format!("must match the pattern {pattern}");
        }
        match message.strip_prefix("value ").unwrap_or(message) {
            NOTHING => "must not be empty".to_owned(),
            // A rule on emptiness: `string.email_empty` and its like.
            "" if rule.ends_with("_empty") => "must not be empty".to_owned(),
            "" => match self.of_messages.get(rule) {
                Some(message) => message.clone(),
                None => format!("breaks the rule `{rule}` of its proto"),
            },
            sentence => sentence.to_owned(),
        }
    }
}

/// Id and text of every rule on the message as a whole.
fn message_rules(message: &MessageDescriptor) -> Vec<(String, String)> {
    let options = message.options();
    let extension = message
        .parent_pool()
        .get_extension_by_name("buf.validate.message");
    let Some(rules) = extension.filter(|extension| options.has_extension(extension)) else {
        return Vec::new();
    };
    let rules = options.get_extension(&rules);
    let cel = rules
        .as_message()
        .and_then(|rules| rules.get_field_by_name("cel"));
    let Some(cel) = cel.as_ref().and_then(|cel| cel.as_list()) else {
        return Vec::new();
    };
    let texts = cel
        .iter()
        .filter_map(Value::as_message)
        .map(|rule| (text(rule, "id"), text(rule, "message")));
    texts.filter(|(_, message)| !message.is_empty()).collect()
}

fn text(rule: &DynamicMessage, field: &str) -> String {
    let value = rule.get_field_by_name(field);
    value
        .as_ref()
        .and_then(|value| value.as_str())
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_violation_has_a_sentence() {
        let range = ("range".to_owned(), "low must not exceed high".to_owned());
        let wording = Wording {
            of_messages: HashMap::from([range]),
        };
        for (rule, message, expected) in [
            ("required", "value is required", "is required"),
            ("string.email", "", "must be an e-mail address"),
            (
                "string.min_len",
                "value length must be at least 1 characters",
                "must not be empty",
            ),
            (
                "string.min_len",
                "value length must be at least 2 characters",
                "length must be at least 2 characters",
            ),
            (
                "string.pattern",
                "value does not match regex pattern `^a$`",
                "must match the pattern `^a$`",
            ),
            ("string.email_empty", "", "must not be empty"),
            (
                "string.address",
                "",
                "breaks the rule `string.address` of its proto",
            ),
            ("range", "", "low must not exceed high"),
            ("quote.total", "the total is wrong", "the total is wrong"),
        ] {
            assert_eq!(wording.sentence(rule, message), expected);
        }
    }
}
