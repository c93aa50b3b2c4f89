//! What a tenant has in versions, each of them a row that is never rewritten.

use rapport_platform::identity::Context;
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait, QueryFilter as _, QueryOrder as _};

use super::entity::{approval_policy, dunning_policy, expense_policy, suggestion_policy};
use crate::error::Error;

/// A table of versions.
pub(crate) trait Versions: EntityTrait {
    /// The tenant and the version, which grows by one.
    const KEY: [Self::Column; 2];
}

macro_rules! versions {
    ($($table:ident),+) => {
        $(
            impl Versions for $table::Entity {
                const KEY: [Self::Column; 2] =
                    [$table::Column::TenantId, $table::Column::Version];
            }
        )+
    };
}

versions!(
    approval_policy,
    dunning_policy,
    expense_policy,
    suggestion_policy
);

/// The version that holds now; none before the first.
pub(crate) async fn latest<E: Versions>(
    ctx: &Context,
    db: &impl ConnectionTrait,
) -> Result<Option<E::Model>, Error> {
    let [tenant, version] = E::KEY;
    Ok(E::find()
        .filter(tenant.eq(ctx.tenant))
        .order_by_desc(version)
        .one(db)
        .await?)
}

/// One version, if there is one.
pub(crate) async fn version<E: Versions>(
    ctx: &Context,
    db: &impl ConnectionTrait,
    number: i64,
) -> Result<Option<E::Model>, Error> {
    let [tenant, version] = E::KEY;
    Ok(E::find()
        .filter(tenant.eq(ctx.tenant))
        .filter(version.eq(number))
        .one(db)
        .await?)
}
