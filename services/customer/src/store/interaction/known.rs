//! Which contacts are logged already.

use std::collections::{BTreeMap, HashSet};

use rapport_platform::identity::Context;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _,
};

use crate::domain::external_id::ExternalId;
use crate::store::entity::interaction::{Column, Entity};

/// Ids of one query: SQLite binds at most 32,766 values.
const IDS_PER_QUERY: usize = 10_000;

/// Those of the external ids under which an interaction is logged, as pairs of system and id.
pub(crate) async fn known_among(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: impl Iterator<Item = &ExternalId>,
) -> Result<HashSet<(String, String)>, DbErr> {
    let mut by_system: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for id in ids {
        by_system.entry(id.system()).or_default().push(id.id());
    }
    let mut known = HashSet::new();
    for (system, ids) in by_system {
        for ids in ids.chunks(IDS_PER_QUERY) {
            let rows: Vec<(String, String)> = Entity::find()
                .select_only()
                .columns([Column::ExternalSystem, Column::ExternalId])
                .filter(Column::TenantId.eq(ctx.tenant))
                .filter(Column::ExternalSystem.eq(system))
                .filter(Column::ExternalId.is_in(ids.iter().copied()))
                .into_tuple()
                .all(db)
                .await?;
            known.extend(rows);
        }
    }
    Ok(known)
}
