//! Which records are the same customer: what becomes of their fields when they are merged, and
//! how alike two of them are.

pub mod survivorship;

use super::invalid::Invalid;
use super::text;

/// Most records that one customer is made of. Bounds what reading a customer looks through.
pub const MAX_MEMBERS: usize = 50;

/// Longest reason of a merge, in characters.
const MAX_REASON: usize = 500;

/// Reads why two records are one; none when nothing is said.
pub fn reason(raw: &str) -> Result<Option<String>, Invalid> {
    text::optional_line(raw, MAX_REASON)
}
