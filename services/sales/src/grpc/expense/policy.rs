//! What may be spent for.

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_proto::rapport::sales::v1 as proto;

use super::Expenses;
use crate::error::{Error, faults_of};
use crate::events::expense as events;
use crate::grpc::convert::expense as convert;
use crate::resource::EXPENSE_POLICY;
use crate::store::expense::policy;

impl Expenses {
    pub(super) async fn get_policy(
        &self,
        ctx: Context,
        request: proto::GetExpensePolicyRequest,
    ) -> Result<proto::ExpensePolicy, Error> {
        named("name", &request.name)?;
        let row = policy::latest(&ctx, self.0.db.read()).await?;
        convert::policy_to_proto(row.ok_or_else(|| Error::not_found(request.name))?)
    }

    pub(super) async fn set_policy(
        &self,
        ctx: Context,
        request: proto::SetExpensePolicyRequest,
    ) -> Result<proto::ExpensePolicy, Error> {
        let sent = request.expense_policy.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("expense_policy"))?;
        if !sent.name.is_empty() {
            named("expense_policy.name", &sent.name)?;
        }
        let policy = convert::policy(sent).map_err(faults_of("expense_policy"))?;
        let (ctx, document) = (&ctx, &convert::policy_document(&policy));
        self.0
            .once(ctx, &request, |txn| async move {
                let before = policy::latest(ctx, &*txn).await?;
                let version = before.map_or(0, |row| row.version);
                Etag::check(EXPENSE_POLICY, &sent.etag, version)?;
                let row = policy::insert(ctx, &txn, version + 1, document).await?;
                let set = convert::policy_to_proto(row)?;
                let event = events::policy_changed(set.clone(), version + 1);
                outbox::append(&txn, ctx, &[event]).await?;
                Ok(set)
            })
            .await
    }
}

fn named(field: &str, name: &str) -> Result<(), Error> {
    if name == EXPENSE_POLICY {
        return Ok(());
    }
    Err(Error::invalid(field, "must be `expensePolicy`"))
}
