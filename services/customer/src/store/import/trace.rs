//! What runs keep of a customer, for whoever has a right to know.

use rapport_platform::identity::Context;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::entry::read;
use crate::domain::preferences::Preferences;
use crate::error::Error;
use crate::store::customer::Record;
use crate::store::entity::import_journal::{Column, Entity};

/// What a run keeps of a customer.
pub(crate) struct Trace {
    /// The run.
    pub(crate) run: Uuid,
    /// The record it told of.
    pub(crate) customer: Uuid,
    /// The customer before the run; none when the run created it.
    pub(crate) before: Option<Record>,
    /// What it had chosen before the run, if the run changed that.
    pub(crate) preferences: Option<Preferences>,
}

/// What runs keep of customers, from behind `after` on.
pub(crate) async fn traces(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
    after: Option<(Uuid, Uuid)>,
    limit: u64,
) -> Result<Vec<Trace>, Error> {
    let behind = |(run, customer)| {
        let place = [Column::ImportRunId, Column::CustomerId].map(Expr::col);
        Expr::tuple(place).gt(Expr::tuple([
            Expr::val::<Uuid>(run),
            Expr::val::<Uuid>(customer),
        ]))
    };
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .filter(Condition::all().add_option(after.map(behind)))
        .order_by_asc(Column::ImportRunId)
        .order_by_asc(Column::CustomerId)
        .limit(limit)
        .all(db)
        .await?;
    let traces = rows.into_iter().map(|row| {
        let run = row.import_run_id;
        let entry = read(row)?;
        Ok(Trace {
            run,
            customer: entry.customer,
            before: entry.change.before().cloned(),
            preferences: entry.preferences.and_then(|it| it.before().cloned()),
        })
    });
    traces.collect()
}
