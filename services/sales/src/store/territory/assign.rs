//! Whose customers are: worked out for many at once, by rules and pins.

use std::collections::{HashMap, HashSet};

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait as _, Order, Query};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _,
};
use uuid::Uuid;

use super::plan::{Place, Plan};
use super::{fact, live};
use crate::domain::territory::ModelState;
use crate::error::Error;
use crate::store::entity::customer_territory::{Column, Entity, Model};
use crate::store::entity::territory_model;
use crate::store::rows::insert_all;

/// Customers for whom it is worked out in one go.
pub(crate) const BATCH: u64 = 500;
/// Since when a customer belongs to a territory of a model that does not hold yet.
pub(crate) const ALWAYS: Timestamp = Timestamp::from_micros(0);

/// A customer who belongs elsewhere than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// Who.
    pub(crate) customer: Uuid,
    /// Code of the territory before.
    pub(crate) from: Option<String>,
    /// Where he belongs since, as it is stored; none: nowhere.
    pub(crate) to: Option<Model>,
    /// Since when.
    pub(crate) time: Timestamp,
}

/// Works out anew whose the customers are, under every model for which that is kept up to date;
/// at most a batch of them. Answers who moved under the model that holds.
pub(crate) async fn assign(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
) -> Result<Option<(territory_model::Model, Vec<Move>)>, Error> {
    let mut moved = None;
    let mut codes = HashMap::new();
    for model in live(ctx, txn).await? {
        let plan = Plan::of(ctx, txn, &model).await?;
        let places = plan.decide(ctx, txn, customers).await?;
        if model.state == ModelState::Active.code() {
            moved = Some((model, change(ctx, txn, &plan, customers, &places).await?));
            let code = |(id, place): (&Uuid, &Option<Place>)| Some((*id, place.clone()?.code));
            codes = places.iter().filter_map(code).collect();
        } else {
            let which = Column::CustomerId.is_in(customers.iter().copied());
            plan_for(ctx, txn, (&plan, which.into()), &places, &codes).await?;
        }
    }
    Ok(moved)
}

/// Works out whose the next customers would be under a model that is being prepared, from behind
/// `after` on. Answers the last of them and how many they are; fewer than a batch: they were the
/// last of all.
pub(crate) async fn prepare(
    ctx: &Context,
    txn: &DatabaseTransaction,
    model: &territory_model::Model,
) -> Result<(Option<Uuid>, u64), Error> {
    let customers = fact::page(ctx, txn, model.place, BATCH).await?;
    let count = customers.len() as u64;
    let last = customers.last().copied();
    let plan = Plan::of(ctx, txn, model).await?;
    let places = plan.decide(ctx, txn, &customers).await?;
    let codes = codes_now(ctx, txn, &customers).await?;
    // Also those who are gone since it was prepared before.
    let until = last.filter(|_| count == BATCH);
    let which = Condition::all()
        .add_option(model.place.map(|it| Column::CustomerId.gt(it)))
        .add_option(until.map(|it| Column::CustomerId.lte(it)));
    plan_for(ctx, txn, (&plan, which), &places, &codes).await?;
    Ok((last, count))
}

/// Codes of the territories of customers under the model that holds.
async fn codes_now(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, String>, Error> {
    let live = live(ctx, txn).await?;
    let holds = live.iter().find(|it| it.state == ModelState::Active.code());
    let Some(holds) = holds else {
        return Ok(HashMap::new());
    };
    let rows = open_rows(ctx, txn, holds.model_id, customers).await?;
    let codes = rows.into_iter();
    Ok(codes
        .filter_map(|it| Some((it.customer_id, it.code?)))
        .collect())
}

/// Writes where customers would belong under a model that does not hold, in place of what is there
/// of these.
async fn plan_for(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (plan, which): (&Plan, Condition),
    places: &HashMap<Uuid, Option<Place>>,
    now: &HashMap<Uuid, String>,
) -> Result<(), Error> {
    Entity::delete_many()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ModelId.eq(plan.model))
        .filter(Column::EndTime.is_null())
        .filter(which)
        .exec(txn)
        .await?;
    let rows = places.iter().filter_map(|(customer, place)| {
        let from = now.get(customer).cloned();
        let row = plan.row(ctx, *customer, place.as_ref(), ALWAYS);
        (row.code.is_some() || from.is_some()).then(|| Model {
            moves: row.code != from,
            from_code: from,
            ..row
        })
    });
    insert_all::<Entity>(txn, rows.collect()).await
}

/// Removes whose customers would have been by a model: at most a batch of them. Answers how many.
pub(crate) async fn clear(
    ctx: &Context,
    txn: &DatabaseTransaction,
    model: Uuid,
) -> Result<u64, Error> {
    let of_model = Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::ModelId.eq(model));
    let next = Query::select()
        .column(Column::CustomerId)
        .from(Entity)
        .cond_where(of_model.clone())
        .order_by(Column::CustomerId, Order::Asc)
        .limit(BATCH)
        .to_owned();
    let removed = Entity::delete_many()
        .filter(of_model)
        .filter(Column::CustomerId.in_subquery(next))
        .exec(txn)
        .await?;
    Ok(removed.rows_affected)
}

/// Where customers belong under a model now.
async fn open_rows(
    ctx: &Context,
    db: &impl ConnectionTrait,
    model: Uuid,
    customers: &[Uuid],
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ModelId.eq(model))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .filter(Column::EndTime.is_null())
        .all(db)
        .await?)
}

/// Writes where customers belong from now on under the model that holds. What was true before
/// stays, with its end.
async fn change(
    ctx: &Context,
    txn: &DatabaseTransaction,
    plan: &Plan,
    customers: &[Uuid],
    places: &HashMap<Uuid, Option<Place>>,
) -> Result<Vec<Move>, Error> {
    let before = open_rows(ctx, txn, plan.model, customers).await?;
    let before: HashMap<Uuid, Model> = before.into_iter().map(|it| (it.customer_id, it)).collect();
    let distinct: HashSet<Uuid> = customers.iter().copied().collect();
    let (mut ended, mut replaced, mut begun, mut moves) = (vec![], vec![], vec![], vec![]);
    for customer in distinct {
        let place = places.get(&customer).and_then(Option::as_ref);
        let was = before.get(&customer);
        let place_before = was.and_then(|it| Some((it.territory_id?, it.cause?)));
        if place.map(|it| (it.territory, it.cause.code())) == place_before {
            continue;
        }
        // Never before what it replaces, whatever clocks say.
        let start = was.map_or(ctx.now, |it| Ord::max(it.start_time, ctx.now));
        match was {
            Some(was) if was.start_time == start => replaced.push(customer),
            Some(_) => ended.push(customer),
            None => {}
        }
        let row = place.map(|it| plan.row(ctx, customer, Some(it), start));
        begun.extend(row.clone());
        let from = was.and_then(|it| it.code.clone());
        if from.as_ref() != place.map(|it| &it.code) {
            moves.push(Move {
                customer,
                from,
                to: row,
                time: start,
            });
        }
    }
    end(ctx, txn, plan.model, ended).await?;
    remove(ctx, txn, plan.model, replaced).await?;
    insert_all::<Entity>(txn, begun).await?;
    moves.sort_by_key(|it| it.customer);
    Ok(moves)
}

fn open_of(ctx: &Context, model: Uuid, customers: Vec<Uuid>) -> Condition {
    Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::ModelId.eq(model))
        .add(Column::CustomerId.is_in(customers))
        .add(Column::EndTime.is_null())
}

async fn end(
    ctx: &Context,
    txn: &DatabaseTransaction,
    model: Uuid,
    customers: Vec<Uuid>,
) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::EndTime, Expr::value(ctx.now))
        .filter(open_of(ctx, model, customers))
        .exec(txn)
        .await?;
    Ok(())
}

async fn remove(
    ctx: &Context,
    txn: &DatabaseTransaction,
    model: Uuid,
    customers: Vec<Uuid>,
) -> Result<(), Error> {
    Entity::delete_many()
        .filter(open_of(ctx, model, customers))
        .exec(txn)
        .await?;
    Ok(())
}

/// Whose territories customers' were can be told no more: everywhere they go by another id from now
/// on, that leads to nobody, and belong to no territory any more. Counts of the past stay right.
pub(crate) async fn forget(
    ctx: &Context,
    txn: &DatabaseTransaction,
    aliases: &[(Uuid, Uuid)],
) -> Result<(), Error> {
    let ended = Expr::col(Column::EndTime).if_null(Expr::val(ctx.now));
    Entity::update_many()
        .col_expr(
            Column::CustomerId,
            alias(Expr::col(Column::CustomerId), aliases),
        )
        .col_expr(Column::EndTime, ended)
        .col_expr(Column::Moves, Expr::value(false))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(aliases.iter().map(|(id, _)| *id)))
        .exec(txn)
        .await?;
    Ok(())
}

/// The ids by which customers go from now on.
pub(crate) fn alias(customer: Expr, aliases: &[(Uuid, Uuid)]) -> Expr {
    let case = aliases
        .iter()
        .fold(CaseStatement::new(), |case, (id, alias)| {
            case.case(customer.clone().eq(*id), Expr::val(*alias))
        });
    case.finally(customer).into()
}
