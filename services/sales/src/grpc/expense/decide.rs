//! Approving and rejecting expense reports.

use std::sync::Arc;

use iso_currency::Currency;
use rapport_platform::identity::Context;
use rapport_platform::money::Money;
use rapport_platform::text::optional_passage;
use rapport_proto::RequestId;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::Expenses;
use crate::domain::authority::{Level, NotEntitled};
use crate::domain::expense::{Ask, ExpenseState, Step, approve};
use crate::error::{Error, faults_of, unreadable};
use crate::events::expense as events;
use crate::grpc::convert::expense as convert;
use crate::resource::EXPENSE_REPORT;
use crate::store::entity::expense_policy::Entity as Policies;
use crate::store::entity::expense_report::Model;
use crate::store::expense::{self, Record};
use crate::store::versions;
use crate::store::{authority, seller};

const READING: &str = "reading a stored expense report";

impl Expenses {
    pub(super) async fn approve(
        &self,
        ctx: Context,
        request: proto::ApproveExpenseReportRequest,
    ) -> Result<proto::ExpenseReport, Error> {
        let named = (request.name.as_str(), request.etag.as_str());
        let verdict = (ExpenseState::Approved, request.comment.as_str());
        self.decide(&ctx, &request, named, verdict).await
    }

    pub(super) async fn reject(
        &self,
        ctx: Context,
        request: proto::RejectExpenseReportRequest,
    ) -> Result<proto::ExpenseReport, Error> {
        let named = (request.name.as_str(), request.etag.as_str());
        let verdict = (ExpenseState::Rejected, request.comment.as_str());
        self.decide(&ctx, &request, named, verdict).await
    }

    async fn decide<Req: RequestId>(
        &self,
        ctx: &Context,
        request: &Req,
        named: (&str, &str),
        (state, comment): (ExpenseState, &str),
    ) -> Result<proto::ExpenseReport, Error> {
        if named.1.is_empty() {
            return Err(Error::missing("etag"));
        }
        let comment = &optional_passage(comment, 1_000).map_err(faults_of("comment"))?;
        let step = |txn: Arc<DatabaseTransaction>, before: Record| async move {
            expense::allow(&before.row, Step::Decide)?;
            let grant_id = entitled(ctx, &txn, &before.row, state).await?;
            let row = Model {
                state: state.code(),
                approver: Some(ctx.actor.to_string()),
                grant_id,
                decision_comment: comment.clone(),
                decide_time: Some(ctx.now),
                ..before.row
            };
            Ok(Some(Record { row, ..before }))
        };
        self.step(ctx, request, named, step, events::decided).await
    }
}

/// The grant by which the caller decides; none when he does as a manager.
///
/// # Errors
/// `SelfApproval`, `AuthorityMissing`.
async fn entitled(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: &Model,
    state: ExpenseState,
) -> Result<Option<Uuid>, Error> {
    let chain = seller::chain(ctx, txn, row.seller_id).await?;
    let people = seller::principals(ctx, txn, chain).await?;
    let spender = people.get(&row.seller_id).cloned().unwrap_or_default();
    let managers = people.into_iter().filter(|(id, _)| *id != row.seller_id);
    let managers: Vec<String> = managers.map(|(_, principal)| principal).collect();
    let rules = versions::version::<Policies>(ctx, txn, row.policy_version).await?;
    let rules = rules.as_ref().map(convert::policy_from_row).transpose()?;
    let currency = Currency::from_code(&row.currency).ok_or("no currency");
    let currency = currency.map_err(unreadable(READING))?;
    let total = Money::from_minor(row.total, currency).map_err(unreadable(READING))?;
    let mut involved: Vec<&str> = vec![&spender, &row.author];
    involved.extend(row.submitter.as_deref());
    let ask = Ask {
        total: (state == ExpenseState::Approved).then_some(total),
        managers: &managers,
        manager_limit: rules.and_then(|it| it.manager_limit()),
        involved: &involved,
    };
    let authority = authority::of_caller(ctx, txn).await?;
    let by = approve(&ctx.actor, &authority, &ask).map_err(|why| {
        let resource = EXPENSE_REPORT.format(&[row.report_id]);
        match why {
            NotEntitled::OwnWork => Error::SelfApproval(resource),
            NotEntitled::NotCovered => Error::AuthorityMissing {
                resource,
                level: Level::LOWEST.code(),
            },
        }
    })?;
    Ok(by.map(|held| held.id))
}
