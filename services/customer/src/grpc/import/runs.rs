//! Runs: opening, resuming, completing, taking back, looking at them.

use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::batch::Applied;
use super::{Imports, parents, refused};
use crate::domain::import::{ImportRun, ImportState, Mode};
use crate::error::Error;
use crate::events;
use crate::grpc::Shared;
use crate::resource::IMPORT_RUN;
use crate::store::entity::import_error;
use crate::store::entity::import_run::Model;
use crate::store::import;

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 1_000,
};

/// Opens a run, or takes up one that broke off.
pub(super) async fn start(
    shared: &Shared,
    ctx: &Context,
    start: &proto::ImportStart,
) -> Result<Model, Error> {
    let proto::ImportStart {
        resume,
        source,
        dry_run,
        ..
    } = start;
    if !resume.is_empty() {
        let [id] = IMPORT_RUN.parse("start.resume", resume)?;
        let row = import::get(ctx, shared.db.read(), id).await?;
        import::from_row(&row)?
            .takes_rows()
            .map_err(|why| refused(resume, why))?;
        return Ok(row);
    }
    let mode = if *dry_run { Mode::DryRun } else { Mode::Write };
    let run = &ImportRun::open(source, mode).map_err(|fault| fault.at("start.source"))?;
    let opened = shared.once(ctx, start, |txn| async move {
        Ok(to_proto(import::open(ctx, &txn, run).await?))
    });
    let [id] = IMPORT_RUN.parse("name", &opened.await?.name)?;
    import::get(ctx, shared.db.read(), id).await
}

/// Takes a run one step nearer to its end: gives some customers the parents they wait for or,
/// when nobody waits any more, completes the run and announces it.
pub(super) async fn complete_step(
    shared: &Shared,
    ctx: &Context,
    id: Uuid,
) -> Result<Applied, Error> {
    let step = shared.db.write_txn(|txn| async move {
        let row = import::claim(ctx, &txn, id).await?;
        let mut run = import::from_row(&row)?;
        let refused = |why| refused(&IMPORT_RUN.format(&[id]), why);
        run.takes_rows().map_err(refused)?;
        if let Some(errors) = parents::settle(ctx, &txn, id, &mut run).await? {
            return Ok(Applied {
                run: import::save(ctx, &txn, row, &run).await?,
                errors,
            });
        }
        run.complete().map_err(refused)?;
        let run = import::save(ctx, &txn, row, &run).await?;
        announce_end(ctx, &txn, &run).await?;
        Ok::<_, Error>(Applied {
            run,
            errors: Vec::new(),
        })
    });
    step.await
}

/// Announces that a run was completed or taken back.
async fn announce_end(ctx: &Context, txn: &DatabaseTransaction, row: &Model) -> Result<(), Error> {
    let event = events::import_run_ended(&to_proto(row.clone()), row.version);
    Ok(outbox::append(txn, ctx, &[event]).await?)
}

impl Imports {
    pub(super) async fn get(
        &self,
        ctx: Context,
        request: proto::GetImportRunRequest,
    ) -> Result<proto::ImportRun, Error> {
        let [id] = IMPORT_RUN.parse("name", &request.name)?;
        Ok(to_proto(import::get(&ctx, self.0.db.read(), id).await?))
    }

    pub(super) async fn list(
        &self,
        ctx: Context,
        request: proto::ListImportRunsRequest,
    ) -> Result<proto::ListImportRunsResponse, Error> {
        let proto::ListImportRunsRequest {
            page_size,
            page_token,
        } = request;
        let list = ListRequest {
            method: "rapport.customer.v1.ImportService/ListImportRuns",
            query: Fingerprint::of(&[]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let rows = import::list(&ctx, self.0.db.read(), page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.import_run_id)?;
        let import_runs = rows.into_iter().map(to_proto).collect();
        Ok(proto::ListImportRunsResponse {
            import_runs,
            next_page_token,
        })
    }

    pub(super) async fn list_errors(
        &self,
        ctx: Context,
        request: proto::ListImportErrorsRequest,
    ) -> Result<proto::ListImportErrorsResponse, Error> {
        let proto::ListImportErrorsRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [id] = IMPORT_RUN.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.customer.v1.ImportService/ListImportErrors",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let db = self.0.db.read();
        import::get(&ctx, db, id).await?;
        let rows = import::errors(&ctx, db, id, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| (row.line, row.ordinal))?;
        let errors = rows.into_iter().map(error_to_proto).collect();
        Ok(proto::ListImportErrorsResponse {
            errors,
            next_page_token,
        })
    }

    pub(super) async fn undo(
        &self,
        ctx: Context,
        request: proto::UndoImportRunRequest,
    ) -> Result<proto::ImportRun, Error> {
        let [id] = IMPORT_RUN.parse("name", &request.name)?;
        let (ctx, name) = (&ctx, &request.name);
        let undone = self.0.db.write_txn(|txn| async move {
            let row = import::claim(ctx, &txn, id).await?;
            let mut run = import::from_row(&row)?;
            run.undo().map_err(|why| refused(name, why))?;
            import::undo_step(ctx, &txn, id, &mut run).await?;
            let row = import::save(ctx, &txn, row, &run).await?;
            if run.state() == ImportState::Undone {
                announce_end(ctx, &txn, &row).await?;
            }
            Ok::<_, Error>(row)
        });
        Ok(to_proto(undone.await?))
    }
}

/// The run in a row.
pub(super) fn to_proto(row: Model) -> proto::ImportRun {
    let Model {
        tenant_id: _,
        import_run_id,
        source,
        dry_run,
        state,
        last_line,
        created_count,
        updated_count,
        unchanged_count,
        failed_count,
        interaction_count,
        kept_count,
        actor,
        version: _,
        create_time,
        update_time,
        complete_time,
    } = row;
    proto::ImportRun {
        name: IMPORT_RUN.format(&[import_run_id]),
        source,
        dry_run,
        state: state.into(),
        last_line,
        created_count,
        updated_count,
        unchanged_count,
        failed_count,
        interaction_count,
        kept_count,
        actor,
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        complete_time: complete_time.map(Into::into),
    }
}

/// The fault in a row.
pub(super) fn error_to_proto(row: import_error::Model) -> proto::ImportError {
    let import_error::Model {
        tenant_id: _,
        import_run_id: _,
        line,
        ordinal: _,
        field,
        description,
    } = row;
    proto::ImportError {
        line,
        field,
        description,
    }
}
