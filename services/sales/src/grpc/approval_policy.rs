//! `ApprovalPolicyService`.

use rapport_platform::identity::Context;
use rapport_platform::rpcs;
use rapport_proto::rapport::sales::v1 as proto;

use super::Shared;
use super::policy::{Policy as _, named};
use crate::error::Error;
use crate::store::entity::approval_policy::Entity as Policies;
use crate::store::versions;

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
        named::<Policies>("name", &name)?;
        let db = self.0.db.read();
        let row = match version {
            None => versions::latest::<Policies>(&ctx, db).await?,
            Some(0) => None,
            Some(version) => {
                let found = versions::version::<Policies>(&ctx, db, version).await?;
                Some(found.ok_or_else(|| Error::not_found(name))?)
            }
        };
        Policies::to_proto(row)
    }

    async fn set(
        &self,
        ctx: Context,
        request: proto::SetApprovalPolicyRequest,
    ) -> Result<proto::ApprovalPolicy, Error> {
        let sent = request.approval_policy.as_ref();
        self.0.set_policy::<Policies, _>(&ctx, &request, sent).await
    }
}
