//! The service's rows: one repository per aggregate.
//!
//! Every function takes the caller's [`Context`](rapport_platform::identity::Context) first and
//! sees the rows of its tenant only. Reads take any connection; writes take the transaction
//! that the handler opened.

pub(crate) mod attribute_definition;
pub(crate) mod channel_cost;
pub(crate) mod channel_effect;
pub(crate) mod contact;
pub(crate) mod contact_point;
pub(crate) mod conversation;
pub(crate) mod customer;
pub(crate) mod delivery;
pub(crate) mod entity;
pub(crate) mod identity;
pub(crate) mod import;
pub(crate) mod interaction;
pub(crate) mod key_proof;
pub(crate) mod lifecycle;
pub(crate) mod migration;
pub(crate) mod preference;
pub(crate) mod relatives;
pub(crate) mod role;
pub(crate) mod search;
pub(crate) mod template;
