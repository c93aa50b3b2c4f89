//! `rapport demo`: drives a running suite through the gateway and tells what happens.

pub mod people;
mod story;

use std::process::ExitCode;

use anyhow::Context as _;
use rapport_proto::rapport::customer::v1::import_customers_request::Step;
use rapport_proto::rapport::customer::v1::import_service_client::ImportServiceClient;
use rapport_proto::rapport::customer::v1::{
    ImportBatch, ImportComplete, ImportCustomersRequest, ImportRow, ImportRun, ImportStart,
    ImportState,
};

use crate::client::{Caller, Connection};
use crate::terminal::say;

const BATCH: usize = 500;

/// Shows on invented customers what the suite does.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// How many customers to invent and import.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub customers: u64,
    /// The same seed invents the same people.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where the suite is and who is calling.
    #[command(flatten)]
    pub connection: Connection,
}

/// Runs `rapport demo`.
pub async fn run(arguments: DemoArgs) -> anyhow::Result<ExitCode> {
    let caller = arguments.connection.open().await?;
    let rows = people::rows(arguments.seed, arguments.customers);
    let begun = std::time::Instant::now();
    let run = import(caller.clone(), rows).await?;
    say(&format!(
        "1. Imported {} invented customers in {:.1} s ({} created, {} known from an earlier demo).",
        arguments.customers,
        begun.elapsed().as_secs_f64(),
        run.created_count,
        run.updated_count + run.unchanged_count,
    ));
    anyhow::ensure!(run.failed_count == 0, "{} rows failed", run.failed_count);
    story::tell(caller).await?;
    Ok(ExitCode::SUCCESS)
}

async fn import(caller: Caller, rows: Vec<ImportRow>) -> anyhow::Result<ImportRun> {
    let start = Step::Start(ImportStart {
        source: "rapport demo".into(),
        ..ImportStart::default()
    });
    let batches: Vec<_> = rows
        .chunks(BATCH)
        .map(|rows| {
            Step::Batch(ImportBatch {
                rows: rows.to_vec(),
            })
        })
        .collect();
    let steps = std::iter::once(start)
        .chain(batches)
        .chain([Step::Complete(ImportComplete {})])
        .map(|step| ImportCustomersRequest { step: Some(step) });
    let mut answers = ImportServiceClient::new(caller)
        .import_customers(tokio_stream::iter(steps))
        .await?
        .into_inner();
    let mut last = None;
    while let Some(answer) = answers.message().await? {
        last = answer.run;
    }
    last.filter(|run| run.state() == ImportState::Completed)
        .context("the import was not completed")
}
