//! Counts what is in the pipelines, what was won and lost, and how opportunities went through
//! their stages. Each report is one statement that reads its rows once.

mod flow;
mod group;
mod pipeline;
mod sales;

pub(crate) use flow::{FlowQuery, moves};
pub(crate) use group::Group;
pub(crate) use pipeline::{Content, content};
#[cfg(test)]
pub(crate) use sales::sales_statement;
pub(crate) use sales::{Sales, SalesQuery, sales};

/// Most rows of a report; one more is read, which tells that there are too many.
pub(crate) const MOST_ROWS: usize = 4_000;
