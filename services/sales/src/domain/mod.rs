//! The rules of selling.
//!
//! Everything here is pure: it reads no clock, draws no random number and knows no database, so
//! that each rule can be tested by a table of cases. Types are built by parsing what was sent: a
//! value that exists is right.

pub mod account_plan;
pub mod approval;
pub mod authority;
pub mod calendar;
pub mod date;
pub mod dunning;
pub mod edition;
pub mod expense;
pub mod flags;
pub mod forecast;
pub mod opportunity;
pub mod order;
pub mod ownership;
pub mod pipeline;
pub mod price;
pub mod product;
pub mod proposal;
pub mod quantity;
pub mod quote;
pub mod receivable;
pub mod report;
pub mod seller;
pub mod share;
pub mod suggestion;
pub mod task;
pub mod territory;

#[cfg(test)]
mod proto_agreement;
