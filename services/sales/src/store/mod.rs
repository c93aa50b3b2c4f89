//! The service's rows: one repository per aggregate.
//!
//! Every function takes the caller's [`Context`](rapport_platform::identity::Context) first and
//! sees the rows of its tenant only. Reads take any connection; writes take the transaction
//! that the handler opened.

pub(crate) mod account_plan;
pub(crate) mod amount;
pub(crate) mod authority;
pub(crate) mod calendar;
pub(crate) mod dunning;
pub(crate) mod entity;
pub(crate) mod expense;
pub(crate) mod forecast;
pub(crate) mod invoice;
pub(crate) mod link;
pub(crate) mod migration;
pub(crate) mod opportunity;
pub(crate) mod order;
pub(crate) mod ownership;
pub(crate) mod pipeline;
pub(crate) mod price;
pub(crate) mod price_book;
pub(crate) mod product;
pub(crate) mod proposal;
pub(crate) mod quote;
mod reminders;
pub(crate) mod report;
pub(crate) mod rows;
pub(crate) mod seller;
pub(crate) mod suggestion;
pub(crate) mod task;
pub(crate) mod territory;
pub(crate) mod versions;
