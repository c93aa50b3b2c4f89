//! `rapport export`: customers into a file, as JSON lines or as CSV by a mapping.

mod format;
mod progress;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use rapport_proto::rapport::customer::v1::ExportCustomersRequest;
use rapport_proto::rapport::customer::v1::import_service_client::ImportServiceClient;

use crate::client::{Connection, whole_file};
use crate::terminal::say;
use format::Format;
use progress::Progress;

/// Exports customers with their contact points and preferences.
///
/// Without a mapping each line is one JSON object of the message
/// `rapport.customer.v1.ExportedCustomer`. With one, the file is CSV.
#[derive(Clone, Debug, clap::Args)]
pub struct ExportArgs {
    /// The file to write.
    pub file: PathBuf,
    /// A mapping file (TOML): `[columns]`, each a name and a template over the customer.
    #[arg(long)]
    pub mapping: Option<PathBuf>,
    /// Only customers that this AIP-160 filter finds.
    #[arg(long, default_value = "")]
    pub filter: String,
    /// Go on with an export that broke off, with the same mapping and filter.
    #[arg(long)]
    pub resume: bool,
    /// Where the suite is and who is calling.
    #[command(flatten)]
    pub connection: Connection,
}

/// Runs `rapport export`.
pub async fn run(arguments: ExportArgs) -> anyhow::Result<ExitCode> {
    let caller = arguments.connection.open().await?;
    let format = Format::read(arguments.mapping.as_deref())?;
    let mut progress = match arguments.resume {
        true => Progress::resume(&arguments.file)?,
        false => Progress::begin(&arguments.file, &format.head()?)?,
    };
    let request = ExportCustomersRequest {
        filter: arguments.filter,
        after: progress.after().to_owned(),
    };
    let answers = ImportServiceClient::new(caller)
        .export_customers(whole_file(request))
        .await;
    let mut answers = answers
        .context("the suite refused the export")?
        .into_inner();
    let broke_off = "the export broke off; go on with --resume";
    while let Some(answer) = answers.message().await.context(broke_off)? {
        let mut lines = Vec::new();
        for customer in &answer.customers {
            format.write(customer, &mut lines)?;
        }
        let last = answer
            .customers
            .last()
            .and_then(|one| one.customer.as_ref());
        if let Some(last) = last {
            progress.append(&lines, &last.name, answer.customers.len())?;
        }
    }
    let count = progress.finish()?;
    say(&format!(
        "{count} customers written to {}",
        arguments.file.display()
    ));
    Ok(ExitCode::SUCCESS)
}
