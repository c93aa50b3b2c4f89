//! Opportunities, their lines and their history.

mod about;
mod customer;
mod row;

use std::collections::{HashMap, HashSet};

use rapport_platform::identity::Context;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use uuid::Uuid;

pub(crate) use customer::{forget, give_back, reassign};
pub(crate) use row::Identity;

use super::entity::opportunity::{Column, Entity, Model};
use super::entity::{opportunity_line as line, stage_change as change};
use super::ownership;
use super::rows::insert_all;
use crate::domain::opportunity::Opportunity;
use crate::domain::pipeline::{Key, OpportunityState};
use crate::error::{Error, superseded};
use crate::resource;

/// An opportunity as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Its row.
    pub(crate) row: Model,
    /// Its lines, in their order.
    pub(crate) lines: Vec<line::Model>,
}

impl Record {
    /// The opportunity that it is.
    pub(crate) fn read(&self) -> Result<Opportunity, Error> {
        row::read(&self.row, &self.lines)
    }
}

/// An opportunity to be recorded: what it was from when it began until now.
#[derive(Clone, Debug)]
pub(crate) struct New {
    /// Which it is; `version` counts its states.
    pub(crate) identity: Identity,
    /// Each of them, the oldest first; never none.
    pub(crate) states: Vec<Opportunity>,
}

/// One state of an opportunity, as it was recorded.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    /// The opportunity in this state.
    pub(crate) record: Record,
    /// How it came into it; none when forecasts don't depend on what changed.
    pub(crate) change: Option<change::Model>,
}

/// One opportunity.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Record, Error> {
    let row = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    let row = row.ok_or_else(|| Error::not_found(resource::opportunity(id)))?;
    let mut records = with_lines(ctx, db, vec![row]).await?;
    let record = records.pop();
    record.ok_or_else(|| Error::not_found(resource::opportunity(id)))
}

/// Opportunities that fit the filter from behind `after` on, oldest first.
pub(crate) fn page(
    ctx: &Context,
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> sea_orm::Select<Entity> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(filter)
        .filter(Condition::all().add_option(after.map(|it| Column::OpportunityId.gt(it))))
        .order_by_asc(Column::OpportunityId)
        .limit(limit)
}

/// The rows with their lines, in the same order.
pub(crate) async fn with_lines(
    ctx: &Context,
    db: &impl ConnectionTrait,
    rows: Vec<Model>,
) -> Result<Vec<Record>, Error> {
    let ids = rows.iter().map(|row| row.opportunity_id);
    let lines = line::Entity::find()
        .filter(line::Column::TenantId.eq(ctx.tenant))
        .filter(line::Column::OpportunityId.is_in(ids))
        .order_by_asc(line::Column::OpportunityId)
        .order_by_asc(line::Column::Position)
        .all(db)
        .await?;
    let mut by_opportunity: HashMap<Uuid, Vec<line::Model>> = HashMap::new();
    for line in lines {
        by_opportunity
            .entry(line.opportunity_id)
            .or_default()
            .push(line);
    }
    let with = |row: Model| Record {
        lines: by_opportunity
            .remove(&row.opportunity_id)
            .unwrap_or_default(),
        row,
    };
    Ok(rows.into_iter().map(with).collect())
}

/// Those of the external ids that are known, with the opportunities that have them.
pub(crate) async fn by_external_id(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = &str>,
) -> Result<HashMap<String, Uuid>, Error> {
    let ids: Vec<&str> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(Option<String>, Uuid)> = Entity::find()
        .select_only()
        .column(Column::ExternalId)
        .column(Column::OpportunityId)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ExternalId.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    let known = found
        .into_iter()
        .filter_map(|(external, id)| Some((external?, id)));
    Ok(known.collect())
}

/// Those of the opportunities that exist.
pub(crate) async fn existing(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: Vec<Uuid>,
) -> Result<HashSet<Uuid>, Error> {
    let found: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::OpportunityId)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::OpportunityId.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}

/// How many opportunities are in one of the stages.
pub(crate) async fn count_in(
    ctx: &Context,
    db: &impl ConnectionTrait,
    pipeline: Uuid,
    stages: &[Key],
) -> Result<u64, Error> {
    let stages = stages.iter().map(Key::as_str);
    let inside = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::PipelineId.eq(pipeline))
        .filter(Column::Stage.is_in(stages));
    Ok(inside.count(db).await?)
}

/// Records opportunities with their history: a few statements, however many they are. Answers the
/// states of each.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    all: &[New],
) -> Result<Vec<Vec<Recorded>>, Error> {
    let recorded: Vec<Vec<Recorded>> = all.iter().map(|new| states(ctx, new)).collect();
    let last = recorded.iter().filter_map(|states| states.last());
    let rows = last.clone().map(|it| it.record.row.clone());
    insert_all::<Entity>(txn, rows.collect()).await?;
    about::begin(txn, last.clone().map(|it| &it.record.row)).await?;
    let lines = last.flat_map(|it| it.record.lines.clone());
    insert_all::<line::Entity>(txn, lines.collect()).await?;
    let changes = recorded.iter().flatten().filter_map(|it| it.change.clone());
    insert_all::<change::Entity>(txn, changes.collect()).await?;
    let now = all.iter().filter_map(|new| new.states.last());
    ownership::mark(ctx, txn, now.filter_map(owner_by)).await?;
    Ok(recorded)
}

/// The customer who owns what is on the opportunity.
fn owner_by(opportunity: &Opportunity) -> Option<Uuid> {
    let won = opportunity.outlook.state == OpportunityState::Won;
    opportunity.customer.filter(|_| won)
}

fn states(ctx: &Context, new: &New) -> Vec<Recorded> {
    let mut before: Option<&Opportunity> = None;
    let mut recorded: Vec<Recorded> = Vec::with_capacity(new.states.len());
    for (version, state) in (1..).zip(&new.states) {
        let identity = Identity {
            version,
            ..new.identity.clone()
        };
        let ended = recorded.last_mut().and_then(|it| it.change.as_mut());
        if let Some(ended) = ended {
            ended.end_time = Some(state.change_time);
        }
        recorded.push(Recorded {
            record: Record {
                row: row::write(ctx, &identity, state),
                lines: row::lines(ctx, identity.id, &state.lines),
            },
            change: Some(row::change(ctx, &identity, before, state)),
        });
        before = Some(state);
    }
    recorded
}

/// Writes an opportunity over the record it was read from, and notes in its history what
/// forecasts depend on.
pub(crate) async fn update(
    ctx: &Context,
    txn: &DatabaseTransaction,
    record: &Record,
    before: &Opportunity,
    after: &Opportunity,
) -> Result<Recorded, Error> {
    let mut identity = Identity::of(&record.row);
    identity.version += 1;
    let row = row::write(ctx, &identity, after);
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(record.row.version))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    let lines = row::lines(ctx, identity.id, &after.lines);
    if lines != record.lines {
        replace_lines(ctx, txn, identity.id, lines.clone()).await?;
    }
    if after.customer != before.customer {
        about::follow(ctx, txn, identity.id, after.customer).await?;
    }
    let weighs = after.outlook != before.outlook;
    let change = weighs.then(|| row::change(ctx, &identity, Some(before), after));
    if let Some(change) = &change {
        append(ctx, txn, change).await?;
    }
    let owners = [before, after].into_iter().filter_map(owner_by);
    ownership::mark(ctx, txn, owners).await?;
    Ok(Recorded {
        record: Record { row, lines },
        change,
    })
}

async fn replace_lines(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
    lines: Vec<line::Model>,
) -> Result<(), Error> {
    line::Entity::delete_many()
        .filter(line::Column::TenantId.eq(ctx.tenant))
        .filter(line::Column::OpportunityId.eq(id))
        .exec(txn)
        .await?;
    insert_all::<line::Entity>(txn, lines).await
}

/// Ends what was true until now and notes what is true from now on.
async fn append(
    ctx: &Context,
    txn: &DatabaseTransaction,
    new: &change::Model,
) -> Result<(), Error> {
    change::Entity::update_many()
        .col_expr(change::Column::EndTime, Expr::value(new.change_time))
        .filter(change::Column::TenantId.eq(ctx.tenant))
        .filter(change::Column::OpportunityId.eq(new.opportunity_id))
        .filter(change::Column::EndTime.is_null())
        .exec(txn)
        .await?;
    insert_all::<change::Entity>(txn, vec![new.clone()]).await
}

/// The history of an opportunity, latest first, from behind the version `after` on.
pub(crate) async fn changes(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
    after: Option<i64>,
    limit: u64,
) -> Result<Vec<change::Model>, Error> {
    Ok(change::Entity::find()
        .filter(change::Column::TenantId.eq(ctx.tenant))
        .filter(change::Column::OpportunityId.eq(id))
        .filter(Condition::all().add_option(after.map(|it| change::Column::Version.lt(it))))
        .order_by_desc(change::Column::Version)
        .limit(limit)
        .all(db)
        .await?)
}
