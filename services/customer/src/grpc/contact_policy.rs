//! `ContactPolicyService`.

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;

use super::Shared;
use super::convert::contact_policy as convert;
use crate::error::{Error, faults_of};
use crate::resource::CONTACT_POLICY;
use crate::store::contact::policy;

/// Keeps the tenants' rules of contacting customers.
pub(crate) struct ContactPolicies(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.ContactPolicyService" for ContactPolicies {
        get_contact_policy(proto::GetContactPolicyRequest) -> proto::ContactPolicy = get;
        update_contact_policy(proto::UpdateContactPolicyRequest) -> proto::ContactPolicy = update;
    }
}

impl ContactPolicies {
    async fn get(
        &self,
        ctx: Context,
        request: proto::GetContactPolicyRequest,
    ) -> Result<proto::ContactPolicy, Error> {
        the_only_one("name", &request.name)?;
        let stored = policy::current(&ctx, self.0.db.read()).await?;
        Ok(convert::to_proto(stored))
    }

    async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateContactPolicyRequest,
    ) -> Result<proto::ContactPolicy, Error> {
        let sent = request.contact_policy.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("contact_policy"))?;
        the_only_one("contact_policy.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::ContactPolicy>(mask, &convert::SETTABLE)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let before = policy::current(ctx, &*txn).await?;
                Etag::check(CONTACT_POLICY, &sent.etag, before.version)?;
                let merged = mask.merge(&convert::to_proto(before.clone()), sent)?;
                let rules = convert::parse(&merged).map_err(faults_of("contact_policy"))?;
                let document = convert::write(&rules);
                if before.row.is_some() && document == before.document {
                    return Ok(convert::to_proto(before));
                }
                // Whoever grants contacts compares the versions: nothing else is to be revoked.
                let after = policy::append(ctx, &txn, &before, &document).await?;
                Ok(convert::to_proto(after))
            })
            .await
    }
}

fn the_only_one(field: &str, name: &str) -> Result<(), Error> {
    if name == CONTACT_POLICY {
        return Ok(());
    }
    Err(Error::invalid(field, "must be `contactPolicy`"))
}
