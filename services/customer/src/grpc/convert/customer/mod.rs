//! Customers.

mod answer;
mod parse;

pub(in crate::grpc) use answer::to_proto;
pub(in crate::grpc) use parse::{SETTABLE, parse};
