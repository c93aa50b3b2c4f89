//! What customers do, observed without asking them, and why somebody moves one by hand.

use rapport_platform::time::Timestamp;

use super::interaction::occur_time;
use super::invalid::{Invalid, InvalidFields};
use super::lifecycle::BehaviourKind;
use super::text;

/// Longest subject, in characters.
const MAX_SUBJECT: usize = 200;
/// Longest reason, in characters.
const MAX_REASON: usize = 500;

/// An observation to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBehaviour {
    kind: BehaviourKind,
    subject: Option<String>,
    occur_time: Timestamp,
}

impl NewBehaviour {
    /// Reads an observation recorded at `now`; unset `occurred` means now.
    pub fn parse(
        kind: i32,
        subject: &str,
        occurred: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let kind = faults.take("kind", BehaviourKind::try_from(kind));
        let subject = faults.take("subject", text::optional_line(subject, MAX_SUBJECT));
        let occurred = faults.take("occur_time", occur_time(occurred, now));
        let complete = kind.zip(subject.zip(occurred));
        faults.finish(complete.map(|(kind, (subject, occur_time))| Self {
            kind,
            subject,
            occur_time,
        }))
    }

    /// What the customer did.
    pub const fn kind(&self) -> BehaviourKind {
        self.kind
    }

    /// What it was about, in the tenant's words.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// When it happened.
    pub const fn occur_time(&self) -> Timestamp {
        self.occur_time
    }
}

/// Why somebody moves a customer to another stage, in 1 to 500 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveReason(String);

impl MoveReason {
    /// Reads the words.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        text::passage(raw, MAX_REASON).map(Self)
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    #[test]
    fn an_observation_happened_now_unless_told_otherwise() {
        let seen = NewBehaviour::parse(1, "", None, at(9)).unwrap();
        assert_eq!((seen.subject(), seen.occur_time()), (None, at(9)));

        let told = NewBehaviour::parse(5, " Plan A ", Some(at(3)), at(9)).unwrap();
        assert_eq!(told.kind(), BehaviourKind::Purchase);
        assert_eq!((told.subject(), told.occur_time()), (Some("Plan A"), at(3)));
    }

    #[test]
    fn every_fault_of_an_observation_is_told_at_once() {
        let long = "x".repeat(201);

        let refused = NewBehaviour::parse(0, &long, Some(at(1_000)), at(9)).unwrap_err();

        let fields: Vec<_> = refused.at("it").into_iter().map(|it| it.field).collect();
        assert_eq!(fields, ["it.kind", "it.subject", "it.occur_time"]);
    }

    #[test]
    fn a_move_has_its_reason() {
        assert_eq!(MoveReason::parse(" Signed ").unwrap().as_str(), "Signed");
        assert!(MoveReason::parse(" ").is_err());
        assert!(MoveReason::parse(&"x".repeat(501)).is_err());
    }
}
