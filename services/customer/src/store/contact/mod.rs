//! What decides whether customers may be contacted, and the leave that was granted.

mod address;
pub(crate) mod bygone;
pub(crate) mod clearance;
pub(crate) mod consent;
pub(crate) mod counted;
pub(crate) mod permit;
pub(crate) mod policy;
pub(crate) mod spend;
pub(crate) mod standing;
pub(crate) mod suppression;
pub(crate) mod times;
