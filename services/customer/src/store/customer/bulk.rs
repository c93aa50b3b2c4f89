//! Changes of many customers in a number of statements that does not depend on how many.

use std::collections::{BTreeSet, HashMap};

use rapport_platform::db::bulk;
use rapport_platform::identity::Context;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    Iterable as _, JoinType, QueryFilter as _, QuerySelect as _, RelationDef,
};
use uuid::Uuid;

use super::write::{OWN_TERMS, differs, own_terms};
use super::{
    Column, Content, Entity, Model, Record, claim, external, external_id, row, with_external_ids,
};
use crate::domain::external_id::ExternalId;
use crate::error::Error;
use crate::store::identity::index;
use crate::store::search;

/// External ids of one query: SQLite binds at most 32,766 values.
const IDS_PER_QUERY: usize = 5_000;

/// A customer before and after a change, one version apart.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) before: Record,
    pub(crate) after: Record,
}

impl Change {
    /// The change of a customer to another content.
    pub(crate) fn to(ctx: &Context, before: Record, content: &Content) -> Result<Self, Error> {
        let row = row::changed(ctx, &before.row, content)?;
        let ids = external_id::rows(ctx, row.customer_id, content.details.external_ids());
        let after = Record {
            row,
            external_ids: ids,
            merged: before.merged.clone(),
        };
        Ok(Self { before, after })
    }

    /// Whether it would leave everything as it is.
    pub(crate) fn is_idle(&self) -> bool {
        let Self { before, after } = self;
        let same_row = Model {
            version: before.row.version,
            update_time: before.row.update_time,
            ..after.row.clone()
        };
        // The engines sort systems each in its own way.
        let ids = |record: &Record| {
            let ids = record.external_ids.iter().cloned();
            ids.map(|id| (id.system, id.external_id))
                .collect::<BTreeSet<_>>()
        };
        same_row == before.row && ids(after) == ids(before)
    }
}

/// Who has which of these external ids: of records that were merged, the survivors.
pub(crate) async fn holders(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: &[ExternalId],
) -> Result<HashMap<ExternalId, Uuid>, Error> {
    use external::{Column, Entity};
    let mut by_system: HashMap<&str, Vec<&str>> = HashMap::new();
    for id in ids {
        by_system.entry(id.system()).or_default().push(id.id());
    }
    let mut holders = HashMap::with_capacity(ids.len());
    for (system, ids) in by_system {
        for chunk in ids.chunks(IDS_PER_QUERY) {
            let rows: Vec<(String, Uuid, Option<Uuid>)> = Entity::find()
                .select_only()
                .columns([Column::ExternalId, Column::CustomerId])
                .column(super::Column::MergedInto)
                .join(JoinType::InnerJoin, holder())
                .filter(Column::TenantId.eq(ctx.tenant))
                .filter(Column::System.eq(system))
                .filter(Column::ExternalId.is_in(chunk.iter().copied()))
                .into_tuple()
                .all(db)
                .await?;
            let rows = rows.into_iter().filter_map(|(id, customer, root)| {
                let id = ExternalId::parse(system, &id).ok()?;
                Some((id, root.unwrap_or(customer)))
            });
            holders.extend(rows);
        }
    }
    Ok(holders)
}

/// The customer of an external id.
fn holder() -> RelationDef {
    external::Entity::belongs_to(Entity)
        .from((external::Column::TenantId, external::Column::CustomerId))
        .to((Column::TenantId, Column::CustomerId))
        .into()
}

/// Those of the customers that exist, claimed by the transaction, by id.
pub(crate) async fn claim_records(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Record>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = claim(ctx, txn, ids).await?;
    let records = with_external_ids(ctx, txn, rows).await?;
    Ok(records
        .into_iter()
        .map(|record| (record.row.customer_id, record))
        .collect())
}

/// Writes changes of customers that the transaction has claimed, each at most once.
///
/// # Errors
/// `AlreadyExists`, naming the customer who has one of the external ids.
pub(crate) async fn overwrite(
    ctx: &Context,
    txn: &DatabaseTransaction,
    changes: &[Change],
) -> Result<(), Error> {
    let key = [Column::TenantId, Column::CustomerId];
    let others =
        Column::iter().filter(|column| !matches!(column, Column::TenantId | Column::CustomerId));
    let all_others = OnConflict::columns(key).update_columns(others).to_owned();
    // The rows are there, so that each "insert" is an update.
    let rows = changes.iter().map(|change| change.after.row.clone());
    bulk::insert::<Entity>(txn, rows.collect(), Some(all_others)).await?;
    let before: Vec<_> = changes
        .iter()
        .flat_map(|it| it.before.external_ids.clone())
        .collect();
    let after: Vec<_> = changes
        .iter()
        .flat_map(|it| it.after.external_ids.clone())
        .collect();
    external_id::replace(ctx, txn, &before, &after).await?;
    rewrite_terms(ctx, txn, changes).await
}

/// Puts customers that the transaction has claimed under another parent, or none. The version
/// stays: for the middle of a change that [`overwrite`] ends.
pub(crate) async fn set_parent(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
    parent: Option<Uuid>,
) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::ParentId, Expr::value(parent))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .exec(txn)
        .await?;
    Ok(())
}

async fn rewrite_terms(
    ctx: &Context,
    txn: &DatabaseTransaction,
    changes: &[Change],
) -> Result<(), Error> {
    let (mut rewritten, mut of_more, mut unlike) = (Vec::new(), Vec::new(), Vec::new());
    for Change { before, after } in changes {
        if after.row.merged_count > 0 {
            of_more.push(after.row.customer_id);
            continue;
        }
        if differs(&before.row, &after.row) {
            unlike.push(after.row.customer_id);
        }
        let terms = own_terms(after)?;
        if terms != own_terms(before)? {
            rewritten.push((after.row.customer_id, terms));
        }
    }
    let customers: Vec<Uuid> = rewritten.iter().map(|(id, _)| *id).collect();
    search::clear_kinds(ctx, txn, &customers, &OWN_TERMS).await?;
    search::add(ctx, txn, &rewritten).await?;
    index::rebuild_keys(ctx, txn, &unlike).await?;
    index::rebuild(ctx, txn, &of_more).await
}

/// Removes customers for good with everything that belongs to them, as if they had never
/// been recorded.
pub(crate) async fn remove(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: &[Uuid],
) -> Result<(), Error> {
    use crate::store::entity as table;
    if ids.is_empty() {
        return Ok(());
    }
    macro_rules! remove_from {
        ($($table:ident),+) => {
            $(
                let of_customers = Condition::all()
                    .add(table::$table::Column::TenantId.eq(ctx.tenant))
                    .add(table::$table::Column::CustomerId.is_in(ids.iter().copied()));
                table::$table::Entity::delete_many().filter(of_customers).exec(txn).await?;
            )+
        };
    }
    remove_from!(
        search_term,
        blocking_key,
        customer_external_id,
        contact_point,
        interaction_link,
        interaction,
        channel_activity,
        preference,
        preference_set,
        contact_times,
        contact_clearance,
        stage_change,
        customer
    );
    Ok(())
}
