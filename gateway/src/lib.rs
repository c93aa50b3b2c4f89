//! The one way into Rapport. The gateway knows who calls, whether he may, whether the message
//! is valid and, when a call would reach out to a customer, whether the customer wants it. All
//! of this is read from the protos when it starts; a new RPC needs no code here.
//!
//! A call goes through the rooms like this: [`proxy`] takes it off the wire, [`table`] knows
//! its RPC, [`identity`] its caller, [`enforce`] judges it ([`scan`] reads the declared fields
//! from its bytes), [`outreach`] asks the customer service, and [`proxy`] hands the bytes on as
//! they came. The gateway's own RPCs are in [`admin`], the pages that customers open from a
//! message in [`pages`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod admin;
pub mod config;
pub mod enforce;
mod error;
mod gateway;
pub mod identity;
pub mod outreach;
pub mod pages;
mod proxy;
pub mod scan;
pub mod table;

#[cfg(test)]
mod testing;

pub use admin::PROTO_SERVICES;
pub use config::GatewayConfig;
pub use error::GatewayError;
pub use gateway::{Gateway, GatewayParts};
pub use proxy::GatewayService;
