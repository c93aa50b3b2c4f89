//! Merges.

use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::prelude::Json;
use serde::Deserialize as _;

use super::text;
use crate::domain::identity::survivorship::Written;
use crate::error::{Error, unreadable};
use crate::resource::{self, CUSTOMER_MERGE};
use crate::store::entity::customer_merge::Model;

/// The merge in a row.
pub(in crate::grpc) fn to_proto(row: Model) -> Result<proto::CustomerMerge, Error> {
    let Model {
        tenant_id: _,
        merge_id,
        survivor_id,
        merged_id,
        reason,
        written,
        members: _,
        children: _,
        merged_parent_id: _,
        actor,
        merge_time,
        join_time: _,
        undo_actor,
        undo_time,
        kept,
    } = row;
    let written = Vec::<Written>::deserialize(written).map_err(unreadable("reading a merge"))?;
    Ok(proto::CustomerMerge {
        name: CUSTOMER_MERGE.format(&[merge_id]),
        survivor: resource::customer(survivor_id),
        merged: resource::customer(merged_id),
        reason: text(reason),
        written_fields: written.into_iter().map(|it| it.field).collect(),
        actor,
        merge_time: Some(merge_time.into()),
        undo_actor: text(undo_actor),
        undo_time: undo_time.map(Into::into),
        kept_fields: kept.map(paths).transpose()?.unwrap_or_default(),
    })
}

fn paths(json: Json) -> Result<Vec<String>, Error> {
    Vec::deserialize(json).map_err(unreadable("reading a merge"))
}
