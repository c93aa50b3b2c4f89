//! `ApprovalPolicyService`.

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::rpcs;
use rapport_proto::rapport::sales::v1 as proto;

use super::Shared;
use super::convert::approval_policy as convert;
use crate::error::{Error, faults_of};
use crate::events::authority as events;
use crate::resource::APPROVAL_POLICY;
use crate::store::approval_policy;

/// Keeps which quotes need whose approval.
pub(crate) struct ApprovalPolicies(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.ApprovalPolicyService" for ApprovalPolicies {
        get_approval_policy(proto::GetApprovalPolicyRequest) -> proto::ApprovalPolicy = get;
        set_approval_policy(proto::SetApprovalPolicyRequest) -> proto::ApprovalPolicy = set;
    }
}

impl ApprovalPolicies {
    async fn get(
        &self,
        ctx: Context,
        request: proto::GetApprovalPolicyRequest,
    ) -> Result<proto::ApprovalPolicy, Error> {
        let proto::GetApprovalPolicyRequest { name, version } = request;
        named("name", &name)?;
        let db = self.0.db.read();
        let row = match version {
            None => approval_policy::latest(&ctx, db).await?,
            Some(0) => None,
            Some(version) => {
                let found = approval_policy::version(&ctx, db, version).await?;
                Some(found.ok_or_else(|| Error::not_found(name))?)
            }
        };
        convert::to_proto(row)
    }

    async fn set(
        &self,
        ctx: Context,
        request: proto::SetApprovalPolicyRequest,
    ) -> Result<proto::ApprovalPolicy, Error> {
        let sent = request.approval_policy.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("approval_policy"))?;
        if !sent.name.is_empty() {
            named("approval_policy.name", &sent.name)?;
        }
        let policy = convert::parse(sent).map_err(faults_of("approval_policy"))?;
        let (ctx, document) = (&ctx, &convert::document(&policy));
        self.0
            .once(ctx, &request, |txn| async move {
                let before = approval_policy::latest(ctx, &*txn).await?;
                let version = before.map_or(0, |row| row.version);
                Etag::check(APPROVAL_POLICY, &sent.etag, version)?;
                let row = approval_policy::insert(ctx, &txn, version + 1, document).await?;
                let policy = convert::to_proto(Some(row))?;
                outbox::append(&txn, ctx, &[events::policy_changed(&policy)]).await?;
                Ok(policy)
            })
            .await
    }
}

fn named(field: &str, name: &str) -> Result<(), Error> {
    if name == APPROVAL_POLICY {
        return Ok(());
    }
    Err(Error::invalid(field, "must be `approvalPolicy`"))
}
