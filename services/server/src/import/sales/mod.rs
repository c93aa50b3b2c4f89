//! `rapport import sales`: sellers, products, and opportunities with their history.

mod catalogue;
mod file;
mod mapping;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use csv::StringRecord;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::opportunity_service_client::OpportunityServiceClient;

use crate::client::{Caller, Connection};
use crate::import::template::RowError;
use crate::terminal::say;
use catalogue::Catalogue;
use file::Rows;
use mapping::{OpportunityRow, SalesMapping};

/// Imports opportunities, with the sellers and products that they refer to.
///
/// Rows are known by their external id: the same file again brings in only what is missing. Rows
/// that refer to what is not known wait in the quarantine file; record what is missing (such as an
/// alias of a product) and import either file again.
///
/// Exit status: 0 when every row is in, 2 when some wait, 1 when the run broke off.
#[derive(Clone, Debug, clap::Args)]
pub struct SalesArgs {
    /// The CSV file of opportunities; its first line names the columns.
    pub file: PathBuf,
    /// The mapping file (TOML) that says how rows are read.
    #[arg(long)]
    pub mapping: PathBuf,
    /// A CSV file of sellers; those who are known stay as they are.
    #[arg(long, value_name = "FILE")]
    pub sellers: Option<PathBuf>,
    /// A CSV file of products; those that are known stay as they are.
    #[arg(long, value_name = "FILE")]
    pub products: Option<PathBuf>,
    /// Where to put the rows that wait; FILE.quarantine.csv when absent.
    #[arg(long, value_name = "FILE")]
    pub quarantine: Option<PathBuf>,
    /// Rows per transaction, 1 to 500.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub batch_size: u16,
    /// Where the suite is and who is calling.
    #[command(flatten)]
    pub connection: Connection,
}

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Opportunities that were recorded.
    pub created: u64,
    /// Rows whose opportunity was known.
    pub known: u64,
    /// Rows that wait, by what has to be mended.
    pub waiting: BTreeMap<String, u64>,
}

/// Runs `rapport import sales`.
pub async fn run(arguments: SalesArgs) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    let summary = import(&arguments).await?;
    let Summary {
        created,
        known,
        waiting,
    } = &summary;
    let count: u64 = waiting.values().sum();
    let seconds = begun.elapsed().as_secs_f64();
    let rows = created + known + count;
    say(&format!(
        "{created} created, {known} known, {count} wait; {seconds:.1} s, {:.0} rows/s",
        rows as f64 / seconds.max(0.001)
    ));
    if count == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    for (why, rows) in waiting {
        say(&format!("{rows} rows: {why}"));
    }
    let quarantine = quarantine_of(&arguments);
    say(&format!("they wait in {}", quarantine.display()));
    Ok(ExitCode::from(2))
}

/// Imports the files.
///
/// # Errors
/// When a file can't be read, or the suite does not answer; what was acknowledged stays.
pub async fn import(arguments: &SalesArgs) -> anyhow::Result<Summary> {
    let mapping = SalesMapping::read(&arguments.mapping)?;
    let caller = arguments.connection.open().await?;
    let mut catalogue = Catalogue::open(&caller, &mapping).await?;
    if let Some(sellers) = &arguments.sellers {
        catalogue.add_sellers(sellers, &mapping).await?;
    }
    if let Some(products) = &arguments.products {
        catalogue.add_products(products, &mapping).await?;
    }
    let mut rows = Rows::open(&arguments.file, mapping.delimiter)?;
    let quarantine = Quarantine::new(quarantine_of(arguments), rows.header(), mapping.delimiter);
    let mut run = Run {
        caller,
        mapping,
        catalogue,
        quarantine,
        summary: Summary::default(),
    };
    loop {
        let chunk = rows.next(usize::from(arguments.batch_size))?;
        if chunk.is_empty() {
            run.quarantine.finish()?;
            return Ok(run.summary);
        }
        run.batch(chunk).await?;
    }
}

/// A file on its way.
struct Run {
    caller: Caller,
    mapping: SalesMapping,
    catalogue: Catalogue,
    quarantine: Quarantine,
    summary: Summary,
}

impl Run {
    async fn batch(&mut self, chunk: Vec<file::RawRow>) -> anyhow::Result<()> {
        let mut read = Vec::with_capacity(chunk.len());
        for raw in chunk {
            match self.mapping.opportunity(&raw.row) {
                Ok(row) => read.push((raw.record, row)),
                Err(RowError { field, description }) => {
                    self.wait(&raw.record, format!("{field}: {description}"))?;
                }
            }
        }
        let products = read.iter().filter_map(|(_, row)| row.product.as_deref());
        self.catalogue.find_products(products).await?;
        let customers = read.iter().filter_map(|(_, row)| row.customer.as_deref());
        self.catalogue.find_customers(customers).await?;
        let (mut records, mut rows) = (Vec::new(), Vec::new());
        for (record, row) in read {
            match self.resolve(row) {
                Ok(row) => {
                    records.push(record);
                    rows.push(row);
                }
                Err(why) => self.wait(&record, why)?,
            }
        }
        self.send(&records, rows).await
    }

    /// The row with its references; or what is missing, in words that tell how to go on.
    fn resolve(&self, row: OpportunityRow) -> Result<proto::OpportunityImport, String> {
        let known = &self.catalogue;
        let owner = known.seller(&row.owner);
        let owner =
            owner.ok_or_else(|| format!("nobody sells as `{}`; record the seller", row.owner))?;
        let found = |id: &Option<String>,
                     of: &dyn Fn(&str) -> Option<String>,
                     why: &dyn Fn(&str) -> String| {
            let found = id.as_deref().map(|id| of(id).ok_or_else(|| why(id)));
            found.transpose()
        };
        let customer = found(
            &row.customer,
            &|id| known.customer(id).map(str::to_owned),
            &|id| format!("no customer has the id `{id}`; import the customers first"),
        )?;
        let product = found(
            &row.product,
            &|code| known.product(code).map(str::to_owned),
            &|code| format!("no product goes by the code `{code}`; give one this alias"),
        )?;
        let pipeline = &known.pipeline;
        Ok(row
            .clone()
            .resolved(pipeline, owner, customer.as_deref(), product.as_deref()))
    }

    async fn send(
        &mut self,
        records: &[StringRecord],
        rows: Vec<proto::OpportunityImport>,
    ) -> anyhow::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let request = proto::ImportOpportunitiesRequest {
            rows,
            request_id: uuid::Uuid::now_v7().to_string(),
        };
        let mut client = OpportunityServiceClient::new(self.caller.clone())
            .max_encoding_message_size(rapport_platform::server::MAX_REQUEST_BYTES);
        let answer = client.import_opportunities(request).await;
        let answer = answer.context("the import broke off; run it again to go on")?;
        for (result, record) in answer.into_inner().results.into_iter().zip(records) {
            match result.outcome() {
                proto::ImportOutcome::Created => self.summary.created += 1,
                proto::ImportOutcome::Known => self.summary.known += 1,
                proto::ImportOutcome::Refused | proto::ImportOutcome::Unspecified => {
                    let faults = result.faults.iter();
                    let faults: Vec<_> = faults
                        .map(|it| format!("{}: {}", it.field, it.description))
                        .collect();
                    self.wait(record, faults.join("; "))?;
                }
            }
        }
        Ok(())
    }

    fn wait(&mut self, record: &StringRecord, why: String) -> anyhow::Result<()> {
        *self.summary.waiting.entry(why).or_default() += 1;
        self.quarantine.add(record)
    }
}

/// The rows that wait, as they stood in the file, so that this file can be imported itself.
struct Quarantine {
    path: PathBuf,
    header: StringRecord,
    delimiter: u8,
    /// Beside the path until the run is over: the file that is imported may be the last quarantine.
    writer: Option<csv::Writer<File>>,
}

impl Quarantine {
    fn new(path: PathBuf, header: &StringRecord, delimiter: u8) -> Self {
        Self {
            path,
            header: header.clone(),
            delimiter,
            writer: None,
        }
    }

    fn draft(&self) -> PathBuf {
        suffixed(&self.path, ".part")
    }

    fn add(&mut self, record: &StringRecord) -> anyhow::Result<()> {
        if self.writer.is_none() {
            let draft = self.draft();
            let mut builder = csv::WriterBuilder::new();
            let writer = builder.delimiter(self.delimiter).from_path(&draft);
            let writer = writer.with_context(|| format!("can't write {}", draft.display()))?;
            self.writer.insert(writer).write_record(&self.header)?;
        }
        if let Some(writer) = &mut self.writer {
            writer.write_record(record)?;
        }
        Ok(())
    }

    /// Puts the file in its place; without rows there is none.
    fn finish(&mut self) -> anyhow::Result<()> {
        match self.writer.take() {
            Some(mut writer) => {
                writer.flush()?;
                std::fs::rename(self.draft(), &self.path)?;
            }
            None if self.path.exists() => std::fs::remove_file(&self.path)?,
            None => {}
        }
        Ok(())
    }
}

fn quarantine_of(arguments: &SalesArgs) -> PathBuf {
    let beside = || suffixed(&arguments.file, ".quarantine.csv");
    arguments.quarantine.clone().unwrap_or_else(beside)
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
