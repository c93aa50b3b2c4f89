//! The gateway on a real socket, with small services behind it in the same process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(unreachable_pub, missing_docs)]

mod access;
mod garbage;
mod kit;
mod messages;
mod outreach;
mod start;
mod streams;

#[path = "../../src/testing.rs"]
#[allow(dead_code)]
mod testing;
