//! The contacts that count toward caps.

use std::collections::HashMap;

use rapport_platform::db::bulk;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _, Func};
use sea_orm::{ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::cap::{CountedContact, LONGEST_WINDOW, Progress};
use crate::domain::contact::permit::PermitState;
use crate::domain::invalid::Invalid;
use crate::store::entity::contact_permit::{Column, Entity, Model};

const READING: &str = "reading a contact permit";

/// The contacts of each customer that may count toward a cap.
pub(crate) async fn of_customers(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, Vec<CountedContact>>, PlatformError> {
    let open = [PermitState::Reserved.code(), PermitState::Confirmed.code()];
    let counts_at_most_since = ctx.now.saturating_sub(LONGEST_WINDOW);
    // One comparison, so that no index over the permits of everybody seems to answer it.
    let contact_time = Func::coalesce([Expr::col(Column::ContactTime), Expr::val(Timestamp::MAX)]);
    let recent = Expr::from(contact_time).gt(counts_at_most_since);
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(bulk::among(db, Column::CustomerId, customers.to_vec()))
        .filter(Column::State.is_in(open))
        .filter(recent)
        .all(db)
        .await?;
    let mut contacts: HashMap<Uuid, Vec<CountedContact>> = HashMap::new();
    for row in rows {
        let customer = row.customer_id;
        let contact = contact(row).map_err(|fault| PlatformError::internal(READING, fault))?;
        contacts.entry(customer).or_default().push(contact);
    }
    Ok(contacts)
}

/// The contacts of the customers that might count toward a cap at that instant.
pub(crate) async fn at(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
    at: Timestamp,
) -> Result<Vec<CountedContact>, PlatformError> {
    let recent = Condition::any()
        .add(Column::ContactTime.is_null())
        .add(Column::ContactTime.gt(at.saturating_sub(LONGEST_WINDOW)));
    let in_force = Condition::any()
        .add(Column::State.eq(PermitState::Reserved.code()))
        .add(Column::State.eq(PermitState::Confirmed.code()))
        .add(Column::SettleTime.gt(at));
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .filter(Column::State.ne(PermitState::Refused.code()))
        .filter(Column::ReserveTime.lt(at))
        .filter(recent)
        .filter(in_force)
        .all(db)
        .await?;
    let counted = rows.into_iter().map(|row| contact(as_of(row, at)));
    counted
        .map(|it| it.map_err(|fault| PlatformError::internal(READING, fault)))
        .collect()
}

/// The permit as it was at an instant after it was granted.
fn as_of(row: Model, at: Timestamp) -> Model {
    let settled = row.settle_time.is_some_and(|time| time <= at);
    Model {
        state: if settled {
            row.state
        } else {
            PermitState::Reserved.code()
        },
        contact_time: row.contact_time.filter(|&time| time <= at),
        ..row
    }
}

/// How a contact counts toward caps.
pub(crate) fn contact(row: Model) -> Result<CountedContact, Invalid> {
    let progress = match (
        PermitState::try_from(i32::from(row.state))?,
        row.contact_time,
    ) {
        (_, Some(_)) => Progress::Made,
        (PermitState::Confirmed, None) => Progress::InDelivery,
        (_, None) => Progress::Granted {
            expires: row.expire_time,
        },
    };
    Ok(CountedContact {
        channel: Channel::try_from(i32::from(row.channel))?,
        purpose: Purpose::try_from(i32::from(row.purpose))?,
        campaign: row.campaign,
        since: row.contact_time.unwrap_or(row.reserve_time),
        progress,
    })
}
