//! What this crate's tests stand on.
