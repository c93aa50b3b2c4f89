//! Whether, when and how often a customer may be contacted.
//!
//! [`standing`] asks everything that has a say: what the customer chose ([`quiet`], [`pause`],
//! [`cap`] and its preferences), what it permitted ([`consent`]), what the tenant ordered
//! ([`policy`]), its addresses, and the contacts that were made or granted before;
//! its answer is a [`decision`].
//! [`clearance`] keeps the outcome for as long as it cannot change.

pub mod cap;
pub mod clearance;
pub mod consent;
pub mod decision;
pub mod link;
pub mod pause;
pub mod permit;
pub mod policy;
pub mod purposes;
pub mod quiet;
pub mod reach;
pub mod refusal;
pub mod standing;
pub mod suppression;

#[cfg(test)]
mod model;
