//! Taking expense reports back, and removing drafts.

use std::sync::Arc;

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;

use super::Expenses;
use crate::domain::expense::{ExpenseState, Step};
use crate::error::Error;
use crate::events::expense as events;
use crate::grpc::forecast::entitled;
use crate::resource::EXPENSE_REPORT;
use crate::store::entity::expense_report::Model;
use crate::store::expense::{self, Record};

impl Expenses {
    pub(super) async fn withdraw(
        &self,
        ctx: Context,
        request: proto::WithdrawExpenseReportRequest,
    ) -> Result<proto::ExpenseReport, Error> {
        let named = (request.name.as_str(), request.etag.as_str());
        let ctx = &ctx;
        let step = |txn: Arc<DatabaseTransaction>, before: Record| async move {
            expense::allow(&before.row, Step::Withdraw)?;
            entitled(ctx, &txn, before.row.seller_id, true).await?;
            let row = Model {
                state: ExpenseState::Draft.code(),
                submitter: None,
                submit_time: None,
                ..before.row
            };
            Ok(Some(Record { row, ..before }))
        };
        self.step(ctx, &request, named, step, events::withdrawn)
            .await
    }

    pub(super) async fn delete(
        &self,
        ctx: Context,
        request: proto::DeleteExpenseReportRequest,
    ) -> Result<(), Error> {
        let [id] = EXPENSE_REPORT.parse("name", &request.name)?;
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        self.0
            .once(ctx, &request, |txn| async move {
                let Record { row, .. } = expense::get(ctx, &*txn, id).await?;
                let version = row.version;
                Etag::check(name, etag, version)?;
                expense::allow(&row, Step::Delete)?;
                entitled(ctx, &txn, row.seller_id, true).await?;
                expense::delete(ctx, &txn, row).await?;
                outbox::append(&txn, ctx, &[events::deleted(name, version)]).await?;
                Ok(())
            })
            .await
    }
}
