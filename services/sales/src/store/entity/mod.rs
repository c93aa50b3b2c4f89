//! One file per table. The key of every table starts with the tenant.

#![allow(unreachable_pub, reason = "the library's derives need public items")]

pub(crate) mod price_book;
pub(crate) mod price_book_entry;
pub(crate) mod seller;
