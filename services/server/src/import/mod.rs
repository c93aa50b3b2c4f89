//! `rapport import`: a CSV file into the suite, resumable and undoable.

mod mapping;
mod part;
mod reader;
mod report;
mod row;
pub mod sales;
mod template;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use rapport_proto::rapport::customer::v1::attribute_service_client::AttributeServiceClient;
use rapport_proto::rapport::customer::v1::import_customers_request::Step;
use rapport_proto::rapport::customer::v1::import_service_client::ImportServiceClient;
use rapport_proto::rapport::customer::v1::{
    AttributeCategory, AttributeDefinition, AttributeType, CreateAttributeDefinitionRequest,
    ImportBatch, ImportComplete, ImportCustomersRequest, ImportCustomersResponse, ImportRun,
    ImportStart, ImportState, ListImportErrorsRequest, UndoImportRunRequest,
};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use crate::client::{Caller, Connection, whole_file};
use mapping::Mapping;
use reader::Batch;
use report::Report;
use template::RowError;

/// Batches under way before the first of them is acknowledged.
const BATCHES_AHEAD: usize = 4;

/// Imports customers from a CSV file.
///
/// Exit status: 0 when every row is in, 2 when some failed (see the error file), 1 when the
/// run broke off; the message then says how to resume it.
#[derive(Clone, Debug, clap::Args)]
pub struct ImportArgs {
    /// The CSV file; its first line names the columns.
    #[arg(required_unless_present = "undo")]
    pub file: Option<PathBuf>,
    /// The mapping file (TOML) that says how a row becomes a customer.
    #[arg(long, required_unless_present = "undo")]
    pub mapping: Option<PathBuf>,
    /// Check every row and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Take up a run that broke off, by its name `importRuns/…`.
    #[arg(long, value_name = "RUN")]
    pub resume: Option<String>,
    /// Take back a run instead of importing, by its name `importRuns/…`.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["file", "resume", "dry_run"])]
    pub undo: Option<String>,
    /// Where to write the rows that failed; FILE.errors.csv when absent.
    #[arg(long, value_name = "FILE")]
    pub errors: Option<PathBuf>,
    /// Rows per transaction, 1 to 1000.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub batch_size: u16,
    /// Where the suite is and who is calling.
    #[command(flatten)]
    pub connection: Connection,
}

/// Runs `rapport import`.
pub async fn run(arguments: ImportArgs) -> anyhow::Result<ExitCode> {
    let caller = arguments.connection.open().await?;
    if let Some(run) = arguments.undo {
        return undo(caller, run).await;
    }
    let (Some(file), Some(mapping)) = (&arguments.file, &arguments.mapping) else {
        anyhow::bail!("a file and --mapping are needed");
    };
    let mapping = Arc::new(Mapping::read(mapping)?);
    define_attributes(&caller, &mapping).await?;

    let start = ImportStart {
        resume: arguments.resume.clone().unwrap_or_default(),
        source: file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        dry_run: arguments.dry_run,
        request_id: uuid::Uuid::now_v7().to_string(),
    };
    let (steps, mut answers) = open(caller.clone(), start).await?;
    let opened = answer(&mut answers).await?;
    let mut report = Report::begin(file, arguments.errors.as_deref(), &opened)?;
    if arguments.resume.is_some() {
        report_earlier(caller, &opened.name, &mut report).await?;
    }
    let outcome = import(
        &arguments,
        file,
        mapping,
        &opened,
        steps,
        answers,
        &mut report,
    )
    .await;
    match outcome {
        Ok(run) => report.finish(&run),
        Err(error) => Err(error.context(format!(
            "the import broke off; resume it with --resume {}",
            opened.name
        ))),
    }
}

/// Reports the rows that failed before a run broke off, so that the error file of a resumed
/// run is that of the whole run.
async fn report_earlier(caller: Caller, run: &str, report: &mut Report) -> anyhow::Result<()> {
    let mut imports = ImportServiceClient::new(caller);
    let mut page_token = String::new();
    loop {
        let request = ListImportErrorsRequest {
            parent: run.to_owned(),
            page_size: 1_000,
            page_token,
        };
        let page = imports.list_import_errors(request).await?.into_inner();
        report.refused(&page.errors)?;
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        page_token = page.next_page_token;
    }
}

/// Sends the file's batches and follows their acknowledgements; the run at its end.
async fn import(
    arguments: &ImportArgs,
    file: &std::path::Path,
    mapping: Arc<Mapping>,
    opened: &ImportRun,
    steps: Sender<Step>,
    mut answers: Streaming<ImportCustomersResponse>,
    report: &mut Report,
) -> anyhow::Result<ImportRun> {
    let (sender, batches) = mpsc::channel::<Batch>(BATCHES_AHEAD);
    let reading = tokio::task::spawn_blocking({
        let (file, after) = (file.to_owned(), u64::try_from(opened.last_line)?);
        let batch_size = usize::from(arguments.batch_size);
        move || reader::read(&file, &mapping, after, batch_size, &sender)
    });
    let (sent, mut on_the_way) = mpsc::channel::<Sent>(BATCHES_AHEAD);
    let sending = tokio::spawn(async move {
        let left = send(batches, &steps, sent).await;
        // A file that can't be read leaves the run open, so that it can be resumed.
        reading.await??;
        let _ = steps.send(Step::Complete(ImportComplete {})).await;
        anyhow::Ok(left)
    });
    let mut run = opened.clone();
    while let Some(answer) = answers.message().await? {
        report.acknowledge(&answer, on_the_way.try_recv().ok())?;
        run = answer.run.unwrap_or(run);
    }
    // Whoever still sends must not wait for acknowledgements that can't come any more.
    drop(on_the_way);
    report.unmapped(&sending.await??)?;
    anyhow::ensure!(
        run.state() == ImportState::Completed,
        "the run was not completed"
    );
    Ok(run)
}

/// A batch on its way: how far in the file it reaches, and the rows up to there that could
/// not be mapped.
struct Sent {
    position: u64,
    unmapped: Vec<(u64, RowError)>,
}

/// Sends batches until the file or the listener ends; the unmapped rows that no batch took
/// along.
async fn send(
    mut batches: Receiver<Batch>,
    steps: &Sender<Step>,
    sent: Sender<Sent>,
) -> Vec<(u64, RowError)> {
    let mut unmapped = Vec::new();
    while let Some(batch) = batches.recv().await {
        unmapped.extend(batch.errors);
        if batch.rows.is_empty() {
            continue;
        }
        let note = Sent {
            position: batch.position,
            unmapped: std::mem::take(&mut unmapped),
        };
        let step = Step::Batch(ImportBatch { rows: batch.rows });
        if sent.send(note).await.is_err() || steps.send(step).await.is_err() {
            break; // The answers tell why the suite stopped listening.
        }
    }
    unmapped
}

/// Opens the stream with its first message already on the way.
async fn open(
    caller: Caller,
    start: ImportStart,
) -> anyhow::Result<(Sender<Step>, Streaming<ImportCustomersResponse>)> {
    use tokio_stream::StreamExt as _;
    let (steps, receiver) = mpsc::channel(BATCHES_AHEAD);
    steps.send(Step::Start(start)).await?;
    let requests =
        ReceiverStream::new(receiver).map(|step| ImportCustomersRequest { step: Some(step) });
    let answers = ImportServiceClient::new(caller)
        .import_customers(whole_file(requests))
        .await
        .context("the suite refused the import")?;
    Ok((steps, answers.into_inner()))
}

async fn answer(answers: &mut Streaming<ImportCustomersResponse>) -> anyhow::Result<ImportRun> {
    let first = answers
        .message()
        .await
        .context("the suite refused the import")?;
    first
        .and_then(|answer| answer.run)
        .context("the suite ended the stream without an answer")
}

/// Defines the mapping's attributes; those that exist stay as they are.
async fn define_attributes(caller: &Caller, mapping: &Mapping) -> anyhow::Result<()> {
    let mut attributes = AttributeServiceClient::new(caller.clone());
    for spec in &mapping.attributes {
        let kind = AttributeType::from_str_name(&format!("ATTRIBUTE_TYPE_{}", spec.kind))
            .with_context(|| format!("attribute `{}`: unknown type {}", spec.key, spec.kind))?;
        let category = spec.category.as_deref().unwrap_or("TRAIT");
        let category = AttributeCategory::from_str_name(&format!("ATTRIBUTE_CATEGORY_{category}"))
            .with_context(|| format!("attribute `{}`: unknown category {category}", spec.key))?;
        let definition = AttributeDefinition {
            display_name: spec.display_name.clone(),
            r#type: kind.into(),
            category: category.into(),
            allowed_values: spec.allowed_values.clone(),
            ..AttributeDefinition::default()
        };
        let request = CreateAttributeDefinitionRequest {
            attribute_definition_id: spec.key.clone(),
            attribute_definition: Some(definition),
            request_id: String::new(),
        };
        match attributes.create_attribute_definition(request).await {
            Ok(_) => {}
            Err(status) if status.code() == Code::AlreadyExists => {}
            Err(status) => {
                return Err(status)
                    .with_context(|| format!("can't define the attribute `{}`", spec.key));
            }
        }
    }
    Ok(())
}

/// Takes a run back step by step.
async fn undo(caller: Caller, name: String) -> anyhow::Result<ExitCode> {
    let mut imports = ImportServiceClient::new(caller);
    let mut failure = "the run can't be taken back";
    loop {
        let request = UndoImportRunRequest { name: name.clone() };
        let run = imports
            .undo_import_run(request)
            .await
            .context(failure)?
            .into_inner();
        failure = "some of the run is taken back; go on with the same command";
        if run.state() == ImportState::Undone {
            report::undone(&run);
            return Ok(ExitCode::SUCCESS);
        }
    }
}
