//! What every Rapport service stands on: who is asking, what time it is, how a row is
//! stored, how a list is paged, and what a caller reads when something goes wrong.
//!
//! A service never talks to the network or to a database but through this crate, so that
//! limits, retries, redaction and tenancy are decided once.

pub mod config;
pub mod db;
pub mod error;
pub mod etag;
pub mod filter;
pub mod id;
pub mod idempotency;
pub mod identity;
pub mod invalid;
pub mod key;
pub mod link;
pub mod mask;
pub mod money;
pub mod name;
mod numbered;
pub mod outbox;
pub mod paging;
pub mod period;
pub mod private_file;
pub mod problem;
pub mod public_url;
pub mod seal;
pub mod server;
pub mod telemetry;
pub mod template;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
pub mod time;
pub mod zone;
