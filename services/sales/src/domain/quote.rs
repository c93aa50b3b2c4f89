//! Quotes: what the company offers to a customer.

pub mod aggregates;
pub mod amounts;
pub mod content;
pub mod envelope;
pub mod hash;
pub mod state;

#[cfg(test)]
mod tests;
