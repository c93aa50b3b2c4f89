//! The tenants' contact policies as this process knows them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rapport_platform::identity::{Context, TenantId};
use sea_orm::ConnectionTrait;

use crate::domain::contact::policy::ContactPolicy;
use crate::error::{Error, unreadable};
use crate::grpc::convert::contact_policy as convert;
use crate::store::contact::policy::{self, Stored};

/// A version of a policy.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) version: i64,
    pub(crate) rules: ContactPolicy,
}

/// The versions that were read last. What is granted by one of them is granted under the
/// condition that it is still in force, which the granting statement checks.
#[derive(Clone, Default)]
pub(crate) struct Policies(Arc<RwLock<HashMap<TenantId, Arc<Policy>>>>);

impl Policies {
    /// The version that was read last.
    pub(crate) fn known(&self, ctx: &Context) -> Option<Arc<Policy>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&ctx.tenant).cloned()
    }

    /// The policy in force.
    pub(crate) async fn current(
        &self,
        ctx: &Context,
        db: &impl ConnectionTrait,
    ) -> Result<Arc<Policy>, Error> {
        let stored = policy::current(ctx, db).await?;
        if let Some(known) = self.known(ctx).filter(|it| it.version == stored.version) {
            return Ok(known);
        }
        let policy = Arc::new(read(&stored)?);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let latest = known
            .get(&ctx.tenant)
            .is_none_or(|it| it.version < policy.version);
        if latest {
            known.insert(ctx.tenant, Arc::clone(&policy));
        }
        Ok(policy)
    }
}

/// What a stored version says.
pub(crate) fn read(stored: &Stored) -> Result<Policy, Error> {
    let rules = convert::parse(&stored.document).map_err(unreadable("reading a contact policy"))?;
    Ok(Policy {
        version: stored.version,
        rules,
    })
}
