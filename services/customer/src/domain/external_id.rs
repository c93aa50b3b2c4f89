//! How a customer is known in other systems.

use super::invalid::{Invalid, InvalidFields};
use super::text;

/// Longest id, in code points: programs write it, and an index has to hold it.
const MAX_ID: usize = 200;
/// Longest name of a system or platform.
const MAX_SYSTEM_NAME: usize = 63;

/// A customer's id in another system. Within a tenant a pair of system and id belongs to one
/// customer; ids are compared as they are, case and all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalId {
    system: String,
    id: String,
}

impl ExternalId {
    /// Reads a system such as `billing` and the customer's id there, 1 to 200 characters.
    pub fn parse(system: &str, id: &str) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let system = faults.take("system", system_name(system));
        let id = faults.take("id", bounded(id));
        faults.finish(system.zip(id).map(|(system, id)| Self { system, id }))
    }

    /// The other system.
    pub fn system(&self) -> &str {
        &self.system
    }

    /// The customer's id there.
    pub fn id(&self) -> &str {
        &self.id
    }
}

fn bounded(raw: &str) -> Result<String, Invalid> {
    let id = text::line(raw, MAX_ID)?;
    if id.chars().nth(MAX_ID).is_some() {
        return Err(Invalid::new(
            "is too long: shorten it to at most 200 characters",
        ));
    }
    Ok(id)
}

fn system_name(raw: &str) -> Result<String, Invalid> {
    lower_case_name(raw).ok_or_else(|| {
        Invalid::new(
            "is no name of a system: use 1 to 63 lower case letters, digits, '_' and '-', with a \
             letter first, such as billing",
        )
    })
}

/// A name for systems and platforms, which programs write: 1 to 63 lower case letters, digits,
/// `_` and `-`, a letter first.
pub(super) fn lower_case_name(raw: &str) -> Option<String> {
    let mut letters = raw.chars();
    let first = letters.next().is_some_and(|it| it.is_ascii_lowercase());
    let allowed = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "_-".contains(it);
    let well_formed = first && letters.all(allowed) && raw.len() <= MAX_SYSTEM_NAME;
    well_formed.then(|| raw.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_kept_as_the_other_system_writes_it() {
        let external = ExternalId::parse("erp-2", " Kd. 00017/ä ").unwrap();

        assert_eq!((external.system(), external.id()), ("erp-2", "Kd. 00017/ä"));
    }

    #[test]
    fn an_id_is_as_long_as_a_program_counts() {
        assert!(ExternalId::parse("erp", &"王".repeat(200)).is_ok());
        // 200 characters to a reader, of three code points each.
        assert!(ExternalId::parse("erp", &"👩\u{200D}🔧".repeat(200)).is_err());
    }

    #[test]
    fn malformed_pairs_are_refused_field_by_field() {
        let long = "x".repeat(64);
        for system in ["", "Billing", "1erp", "a b", "erp.eu", &long] {
            let refused = ExternalId::parse(system, "").unwrap_err();
            let fields: Vec<_> = refused.at("it").into_iter().map(|v| v.field).collect();
            assert_eq!(fields, ["it.system", "it.id"], "{system}");
        }
    }
}
