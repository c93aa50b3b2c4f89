//! What quotes said.

use std::collections::BTreeSet;

use prost::Message as _;
use rapport_platform::db::retry_if_taken;
use rapport_platform::identity::Context;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::Deserialize as _;
use uuid::Uuid;

use crate::domain::authority::Level;
use crate::error::{Error, unreadable};
use crate::resource;
use crate::store::entity::quote_revision::{Column, Entity, Model};

const READING: &str = "reading a stored revision of a quote";

/// One revision.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    quote: Uuid,
    revision: i64,
) -> Result<Model, Error> {
    let found = Entity::find_by_id((ctx.tenant, quote, revision)).one(db);
    found
        .await?
        .ok_or_else(|| Error::not_found(resource::quote_revision(quote, revision)))
}

/// Revisions of a quote from behind `after` on, latest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    quote: Uuid,
    after: Option<i64>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::QuoteId.eq(quote))
        .filter(Condition::all().add_option(after.map(|after| Column::Revision.lt(after))))
        .order_by_desc(Column::Revision)
        .limit(limit)
        .all(db)
        .await?)
}

/// Records a revision that nobody was asked about yet. Of two that are written at once, the second
/// runs again and meets the first.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (quote, revision): (Uuid, i64),
    document: &proto::QuoteRevision,
) -> Result<(), Error> {
    let row = Model {
        tenant_id: ctx.tenant,
        quote_id: quote,
        revision,
        document: document.encode_to_vec(),
        author: ctx.actor.to_string(),
        needed_levels: serde_json::json!([]),
        policy_version: 0,
        approved_by: None,
        create_time: ctx.now,
    };
    Entity::insert(row.into_active_model())
        .exec_without_returning(txn)
        .await
        .map_err(retry_if_taken)?;
    Ok(())
}

/// On what ground a revision is judged.
pub(crate) struct Ground<'a> {
    /// The levels whose approval it needs.
    pub(crate) levels: &'a BTreeSet<Level>,
    /// The version of the policy that says so.
    pub(crate) policy_version: i64,
    /// The earlier revision within whose approval it stays.
    pub(crate) approved_by: Option<i64>,
}

/// Notes on what ground a revision is judged, over that of an earlier submission.
pub(crate) async fn judge(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (quote, revision): (Uuid, i64),
    ground: Ground<'_>,
) -> Result<(), Error> {
    let levels: serde_json::Value = ground.levels.iter().map(|it| it.code()).collect();
    Entity::update_many()
        .col_expr(Column::NeededLevels, Expr::value(levels))
        .col_expr(Column::PolicyVersion, Expr::value(ground.policy_version))
        .col_expr(Column::ApprovedBy, Expr::value(ground.approved_by))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::QuoteId.eq(quote))
        .filter(Column::Revision.eq(revision))
        .exec(txn)
        .await?;
    Ok(())
}

/// The levels whose approval a revision needs.
pub(crate) fn levels(row: &Model) -> Result<BTreeSet<Level>, Error> {
    let codes: Vec<i32> = Vec::deserialize(&row.needed_levels).map_err(unreadable(READING))?;
    let levels = codes.into_iter().map(Level::parse);
    levels
        .collect::<Result<_, _>>()
        .map_err(unreadable(READING))
}

/// What a revision says.
pub(crate) fn document(row: &Model) -> Result<proto::QuoteRevision, Error> {
    proto::QuoteRevision::decode(row.document.as_slice()).map_err(unreadable(READING))
}
