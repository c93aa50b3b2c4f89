//! The customer service: who the customers are, how they want to be met, and everything that
//! passed between them and the company.
//!
//! A call enters in `grpc`, is parsed into the types of [`domain`], which hold the rules, and
//! is answered from one transaction over the repositories in `store`.

mod config;
pub mod domain;
mod error;
mod events;
mod grpc;
mod resource;
mod store;
#[cfg(test)]
mod testing;

pub use config::Config;
pub use error::Error;
