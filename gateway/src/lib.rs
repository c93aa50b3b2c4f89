//! The gateway.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod config;
pub mod enforce;
pub mod identity;
pub mod scan;
pub mod table;

#[cfg(test)]
mod testing;
