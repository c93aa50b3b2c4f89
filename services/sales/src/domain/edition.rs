//! Which report of one of the ERP's documents holds.

use rapport_platform::numbered;
use sha2::{Digest as _, Sha256};

numbered! {
    /// What became of a report.
    pub enum ReportOutcome as "outcome" {
        /// It holds from now on.
        Applied = 1 "APPLIED",
        /// It came before.
        Unchanged = 2 "UNCHANGED",
        /// A newer one came before.
        Stale = 3 "STALE",
        /// It can't be right.
        Refused = 4 "REFUSED",
    }
}

/// A report of a document: its number among them, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    /// The higher, the newer.
    pub sequence: i64,
    /// SHA-256 of what was sent.
    pub hash: Vec<u8>,
}

impl Edition {
    /// The report with this number, as it was sent.
    pub fn new(sequence: i64, sent: &[u8]) -> Self {
        Self {
            sequence,
            hash: Sha256::digest(sent).to_vec(),
        }
    }

    /// What becomes of this report where `known` holds: `Refused` when both have one number and
    /// say different things, since nobody can tell which is right.
    pub fn after(&self, known: Option<&Self>) -> ReportOutcome {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let Some(known) = known else {
            return ReportOutcome::Applied;
        };
        match self.sequence.cmp(&known.sequence) {
            Greater => ReportOutcome::Applied,
            Less => ReportOutcome::Stale,
            Equal if self.hash == known.hash => ReportOutcome::Unchanged,
            Equal => ReportOutcome::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_report_holds_and_what_comes_again_changes_nothing() {
        let known = Edition::new(5, b"this");
        for (sequence, says, outcome) in [
            (6, "that", ReportOutcome::Applied),
            (6, "this", ReportOutcome::Applied),
            (5, "this", ReportOutcome::Unchanged),
            (5, "that", ReportOutcome::Refused),
            (4, "this", ReportOutcome::Stale),
            (4, "that", ReportOutcome::Stale),
        ] {
            let report = Edition::new(sequence, says.as_bytes());
            assert_eq!(report.after(Some(&known)), outcome, "{sequence} {says}");
        }
        assert_eq!(known.after(None), ReportOutcome::Applied);
    }
}
