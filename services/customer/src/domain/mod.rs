//! The rules of customers and of what passes between them and the company.
//!
//! Everything here is pure: it reads no clock, draws no random number and knows no database, so
//! that each rule can be tested by a table of cases. Types are built by parsing what was sent, and
//! their fields are private: a value that exists is right. `stored` constructors put together again
//! what was parsed before it was stored.

pub mod attachment;
pub mod attributes;
pub mod behaviour;
pub mod channel;
pub mod channel_effect;
pub mod contact;
pub mod contact_point;
pub mod conversation;
pub mod customer;
pub mod delivery;
pub mod email;
pub mod external_id;
mod fold;
pub mod handle;
pub mod hierarchy;
pub mod identity;
pub mod import;
pub mod interaction;
pub use rapport_platform::invalid;
pub mod lifecycle;
pub mod locale;
pub mod names;
pub mod phone;
pub mod postal;
pub mod preferences;
pub mod profile;
pub mod rank;
pub mod region;
pub mod role;
pub mod search;
pub mod template;
use rapport_platform::text;

#[cfg(test)]
mod proto_agreement;
