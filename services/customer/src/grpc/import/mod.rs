//! `ImportService`.

mod batch;
mod export;
mod holders;
mod known;
mod parents;
mod plan;
mod row;
mod runs;
mod write;

use rapport_platform::error::Answer as _;
use rapport_platform::identity::Context;
use rapport_platform::rpcs;
use rapport_platform::server::{Messages, answering};
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::import_customers_request::Step;
use tokio::sync::mpsc::Sender;
use tokio_stream::StreamExt as _;
use tonic::Status;
use uuid::Uuid;

use super::Shared;
use crate::domain::import::RunRefused;
use crate::error::Error;

/// Brings customers in and out in bulk.
pub(crate) struct Imports(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.ImportService" for Imports {
        get_import_run(proto::GetImportRunRequest) -> proto::ImportRun = get;
        list_import_runs(proto::ListImportRunsRequest) -> proto::ListImportRunsResponse = list;
        list_import_errors(proto::ListImportErrorsRequest)
            -> proto::ListImportErrorsResponse = list_errors;
        undo_import_run(proto::UndoImportRunRequest) -> proto::ImportRun = undo;
        import_customers(stream proto::ImportCustomersRequest)
            -> stream proto::ImportCustomersResponse = import;
        export_customers(proto::ExportCustomersRequest)
            -> stream proto::ExportCustomersResponse = export;
    }
}

impl Imports {
    async fn import(
        &self,
        ctx: Context,
        steps: Messages<proto::ImportCustomersRequest>,
    ) -> Result<Messages<proto::ImportCustomersResponse>, Error> {
        let (shared, call_id) = (self.0.clone(), ctx.call_id);
        Ok(answering(move |answers| async move {
            let imported = import(&shared, ctx, steps, &answers).await;
            imported.map_err(|failed| failed.into_status(call_id))
        }))
    }

    async fn export(
        &self,
        ctx: Context,
        request: proto::ExportCustomersRequest,
    ) -> Result<Messages<proto::ExportCustomersResponse>, Error> {
        let call_id = ctx.call_id;
        let export = export::Export::begin(&self.0, ctx, request)?;
        Ok(answering(move |answers| async move {
            let exported = export.run(&answers).await;
            exported.map_err(|error| error.into_status(call_id))
        }))
    }
}

/// Why a stream ended.
pub(super) enum Failed {
    /// The caller's stream broke off.
    Stream(Status),
    /// What it asked for can't be done.
    Work(Error),
}

impl Failed {
    pub(super) fn into_status(self, call_id: Uuid) -> Status {
        match self {
            Self::Stream(status) => status,
            Self::Work(error) => error.into_status(call_id),
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Work(error)
    }
}

/// Follows the caller's steps. Each is answered once it is durable.
async fn import(
    shared: &Shared,
    ctx: Context,
    mut steps: Messages<proto::ImportCustomersRequest>,
    answers: &Sender<Result<proto::ImportCustomersResponse, Status>>,
) -> Result<(), Failed> {
    let Some(start) = next(&mut steps).await? else {
        return Ok(());
    };
    let Some(Step::Start(start)) = start.step else {
        return Err(Error::invalid("start", "is required in the first message").into());
    };
    let run = runs::start(shared, &ctx, &start).await?;
    let id = run.import_run_id;
    reply(answers, runs::to_proto(run), Vec::new()).await;
    while let Some(request) = next(&mut steps).await? {
        // Each step is an event of its own time; the call may last for hours.
        let ctx = Context {
            now: shared.clock.now(),
            ..ctx.clone()
        };
        match request.step {
            Some(Step::Batch(batch)) => {
                let batch::Applied { run, errors } =
                    batch::apply(shared, &ctx, id, &batch.rows).await?;
                reply(answers, runs::to_proto(run), errors).await;
            }
            Some(Step::Complete(proto::ImportComplete {})) => {
                return complete(shared, &ctx, id, answers).await;
            }
            Some(Step::Start(_)) | None => {
                return Err(Error::invalid("batch", "is required after the first message").into());
            }
        }
    }
    Ok(())
}

/// Ends a run, with an answer for each step.
async fn complete(
    shared: &Shared,
    ctx: &Context,
    id: Uuid,
    answers: &Sender<Result<proto::ImportCustomersResponse, Status>>,
) -> Result<(), Failed> {
    loop {
        let batch::Applied { run, errors } = runs::complete_step(shared, ctx, id).await?;
        let run = runs::to_proto(run);
        let ended = run.state() == proto::ImportState::Completed;
        reply(answers, run, errors).await;
        if ended {
            return Ok(());
        }
    }
}

async fn next(
    steps: &mut Messages<proto::ImportCustomersRequest>,
) -> Result<Option<proto::ImportCustomersRequest>, Failed> {
    steps.next().await.transpose().map_err(Failed::Stream)
}

async fn reply(
    answers: &Sender<Result<proto::ImportCustomersResponse, Status>>,
    run: proto::ImportRun,
    errors: Vec<crate::store::entity::import_error::Model>,
) {
    let errors = errors.into_iter().map(runs::error_to_proto).collect();
    let answer = proto::ImportCustomersResponse {
        run: Some(run),
        errors,
    };
    // A caller who is gone is noticed where the answers are made.
    let _ = answers.send(Ok(answer)).await;
}

/// A step that the run's state does not allow.
fn refused(run: &str, refused: RunRefused) -> Error {
    let (state, why) = match refused {
        RunRefused::TakesNoRows(state) => (state.label(), "takes no more rows. Start a new run."),
        RunRefused::DryRun => ("DRY_RUN", "was a dry run. There is nothing to take back."),
        RunRefused::AlreadyUndone => ("UNDONE", "was taken back already."),
    };
    Error::InvalidState {
        resource: run.to_owned(),
        state,
        why,
    }
}
