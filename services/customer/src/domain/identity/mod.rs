//! Which records are the same customer: what becomes of their fields when they are merged, and
//! how alike two of them are.

pub mod duplicates;
pub mod survivorship;

use super::invalid::Invalid;
use super::text;
use rapport_platform::numbered;

numbered! {
    /// How far a search for duplicates is.
    pub enum ScanState as "state of a search" {
        /// It goes on.
        Running = 1 "RUNNING",
        /// All customers were examined.
        Completed = 2 "COMPLETED",
    }
}

numbered! {
    /// What became of a pair that may be one customer.
    pub enum CandidateState as "state of a pair" {
        /// It waits for somebody to decide.
        Open = 1 "OPEN",
        /// They are two.
        Dismissed = 2 "DISMISSED",
    }
}

/// Most records that one customer is made of. Bounds what reading a customer looks through.
pub const MAX_MEMBERS: usize = 50;

/// Longest reason of a merge, in characters.
const MAX_REASON: usize = 500;

/// Reads why two records are one; none when nothing is said.
pub fn reason(raw: &str) -> Result<Option<String>, Invalid> {
    text::optional_line(raw, MAX_REASON)
}
