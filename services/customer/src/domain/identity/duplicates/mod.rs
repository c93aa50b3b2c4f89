//! How alike two records are.
//!
//! [`Traits`] are what a record says of its customer, folded. Records that share a
//! [blocking key](Traits::keys) are worth comparing; [`compare`] adds up what each trait says for
//! or against their being one (Fellegi and Sunter's weights: the logarithm of how much likelier
//! the agreement is between two records of one customer than between those of two), and says why.

mod birth;
mod compare;
mod keys;
mod names;
mod nicknames;
mod policy;
mod traits;

pub use compare::{Match, MatchReason, compare};
pub use keys::Key;
pub use policy::{DuplicatePolicy, Score};
pub use traits::Traits;

#[cfg(test)]
mod tests;
