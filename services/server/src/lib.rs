//! The suite in one process, and the commands around it.

pub mod cli;
pub mod client;
pub mod demo;
pub mod export;
pub mod import;
mod migrate;
mod protos;
mod serve;
pub mod settings;
pub mod suite;
pub mod terminal;
