//! Who may do what, and who acts for whom.

use std::collections::BTreeMap;

use iso_currency::Currency;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::money::Money;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::entity::{authority_delegation as delegation, authority_grant as grant};
use crate::domain::authority::{Authority, Delegation, Grant, GrantParts, Held, Limits};
use crate::error::{Error, unreadable};
use crate::resource::{AUTHORITY_DELEGATION, AUTHORITY_GRANT};

/// Most grants of one grantee, and delegations of or to one person, that hold or are to come.
const MOST: u64 = 100;
const READING: &str = "reading a stored grant";

/// One grant.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn grant(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<grant::Model, Error> {
    let found = grant::Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    found.ok_or_else(|| Error::not_found(AUTHORITY_GRANT.format(&[id])))
}

/// One delegation.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn delegation(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<delegation::Model, Error> {
    let found = delegation::Entity::find_by_id((ctx.tenant, id)).one(db);
    found
        .await?
        .ok_or_else(|| Error::not_found(AUTHORITY_DELEGATION.format(&[id])))
}

/// That a grant holds at an instant.
pub(crate) fn grant_holds(at: Timestamp) -> Condition {
    use grant::Column;
    Condition::all()
        .add(Column::ValidFromTime.lte(at))
        .add(Column::ValidToTime.is_null().or(Column::ValidToTime.gt(at)))
        .add(Column::RevokeTime.is_null().or(Column::RevokeTime.gt(at)))
}

/// That a delegation holds at an instant.
pub(crate) fn delegation_holds(at: Timestamp) -> Condition {
    use delegation::Column;
    Condition::all()
        .add(Column::ValidFromTime.lte(at))
        .add(Column::ValidToTime.gt(at))
        .add(Column::RevokeTime.is_null().or(Column::RevokeTime.gt(at)))
}

/// Grants that fit the filter from behind `after` on, latest first.
pub(crate) async fn grants(
    ctx: &Context,
    db: &impl ConnectionTrait,
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<grant::Model>, Error> {
    Ok(grant::Entity::find()
        .filter(grant::Column::TenantId.eq(ctx.tenant))
        .filter(filter)
        .filter(Condition::all().add_option(after.map(|after| grant::Column::GrantId.lt(after))))
        .order_by_desc(grant::Column::GrantId)
        .limit(limit)
        .all(db)
        .await?)
}

/// Delegations that fit the filter from behind `after` on, latest first.
pub(crate) async fn delegations(
    ctx: &Context,
    db: &impl ConnectionTrait,
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<delegation::Model>, Error> {
    let behind = after.map(|after| delegation::Column::DelegationId.lt(after));
    Ok(delegation::Entity::find()
        .filter(delegation::Column::TenantId.eq(ctx.tenant))
        .filter(filter)
        .filter(Condition::all().add_option(behind))
        .order_by_desc(delegation::Column::DelegationId)
        .limit(limit)
        .all(db)
        .await?)
}

/// Records a grant.
///
/// # Errors
/// `InvalidState` when the grantee has too many. Those granted at the same instant may exceed the
/// bound by as many.
pub(crate) async fn insert_grant(
    ctx: &Context,
    txn: &DatabaseTransaction,
    granted: &Grant,
) -> Result<grant::Model, Error> {
    use grant::Column;
    let theirs = grant::Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::Grantee.eq(granted.grantee.as_str()))
        .filter(Column::RevokeTime.is_null())
        .filter(
            Column::ValidToTime
                .is_null()
                .or(Column::ValidToTime.gt(ctx.now)),
        );
    bounded("authorityGrants", theirs.count(txn).await?)?;
    let Grant {
        grantee,
        action,
        level,
        limits,
        period,
    } = granted;
    let row = grant::Model {
        tenant_id: ctx.tenant,
        grant_id: new_id(),
        grantee: grantee.to_string(),
        action: action.code(),
        level: level.code(),
        max_discount: limits.discount.ppm(),
        currency: limits.total.map(|it| it.currency().code().to_owned()),
        max_total: limits.total.map(Money::minor),
        min_margin: limits.margin,
        covers_unlisted: limits.unlisted,
        covers_below_floor: limits.below_floor,
        valid_from_time: period.from().unwrap_or(ctx.now),
        valid_to_time: period.to(),
        granter: ctx.actor.to_string(),
        create_time: ctx.now,
        revoke_time: None,
    };
    grant::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(row)
}

/// Records a delegation.
///
/// # Errors
/// `InvalidState` when one of the two has too many, as above.
pub(crate) async fn insert_delegation(
    ctx: &Context,
    txn: &DatabaseTransaction,
    lent: &Delegation,
) -> Result<delegation::Model, Error> {
    use delegation::Column;
    let row = delegation::Model {
        tenant_id: ctx.tenant,
        delegation_id: new_id(),
        delegator: lent.delegator.to_string(),
        delegate: lent.delegate.to_string(),
        valid_from_time: lent.period.from().unwrap_or(ctx.now),
        valid_to_time: lent.period.to().unwrap_or(ctx.now),
        creator: ctx.actor.to_string(),
        create_time: ctx.now,
        revoke_time: None,
    };
    let alive = || {
        delegation::Entity::find()
            .filter(Column::TenantId.eq(ctx.tenant))
            .filter(Column::RevokeTime.is_null())
            .filter(Column::ValidToTime.gt(ctx.now))
    };
    for of in [
        Column::Delegator.eq(&row.delegator),
        Column::Delegate.eq(&row.delegate),
    ] {
        let count = alive().filter(of).count(txn).await?;
        bounded("authorityDelegations", count)?;
    }
    delegation::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(row)
}

fn bounded(resource: &str, count: u64) -> Result<(), Error> {
    if count < MOST {
        return Ok(());
    }
    Err(Error::InvalidState {
        resource: resource.to_owned(),
        state: "FULL",
        why: "has 100 for this person that hold or are to come. Revoke some first.",
    })
}

/// Ends a grant now, unless it ended before; answers it, and whether this ended it.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn revoke_grant(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
) -> Result<(grant::Model, bool), Error> {
    use grant::Column;
    let revoked = grant::Entity::update_many()
        .col_expr(Column::RevokeTime, Expr::value(ctx.now))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::GrantId.eq(id))
        .filter(Column::RevokeTime.is_null())
        .filter(
            Column::ValidToTime
                .is_null()
                .or(Column::ValidToTime.gt(ctx.now)),
        )
        .exec(txn)
        .await?;
    let row = grant(ctx, txn, id).await?;
    Ok((row, revoked.rows_affected == 1))
}

/// Ends a delegation now, unless it ended before; answers it, and whether this ended it.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn revoke_delegation(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
) -> Result<(delegation::Model, bool), Error> {
    use delegation::Column;
    let revoked = delegation::Entity::update_many()
        .col_expr(Column::RevokeTime, Expr::value(ctx.now))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::DelegationId.eq(id))
        .filter(Column::RevokeTime.is_null())
        .filter(Column::ValidToTime.gt(ctx.now))
        .exec(txn)
        .await?;
    let row = delegation(ctx, txn, id).await?;
    Ok((row, revoked.rows_affected == 1))
}

/// Authority that somebody holds, and how it came to him.
pub(crate) struct Holding {
    /// What was granted.
    pub(crate) grant: grant::Model,
    /// What passes it on to him, unless it was granted to him.
    pub(crate) delegation: Option<delegation::Model>,
}

/// All authority that somebody holds at an instant: his own first.
pub(crate) async fn held(
    ctx: &Context,
    db: &impl ConnectionTrait,
    holder: &str,
    at: Timestamp,
) -> Result<Vec<Holding>, Error> {
    let lent = lent_to(ctx, db, holder, at).await?;
    among(ctx, db, holder, &lent, at).await
}

/// The grants of somebody, and of those who delegated to him, that hold at an instant.
async fn among(
    ctx: &Context,
    db: &impl ConnectionTrait,
    holder: &str,
    lent: &BTreeMap<String, delegation::Model>,
    at: Timestamp,
) -> Result<Vec<Holding>, Error> {
    let people: Vec<&str> = lent.keys().map(String::as_str).chain([holder]).collect();
    use grant::Column;
    let grants = grant::Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::Grantee.is_in(people))
        .filter(grant_holds(at))
        .order_by_asc(Column::GrantId)
        .all(db)
        .await?;
    let (own, others): (Vec<_>, Vec<_>) = grants.into_iter().partition(|it| it.grantee == holder);
    let holdings = own.into_iter().chain(others).map(|grant| Holding {
        delegation: lent.get(&grant.grantee).cloned(),
        grant,
    });
    Ok(holdings.collect())
}

/// The delegations to somebody that hold at an instant, by delegator.
async fn lent_to(
    ctx: &Context,
    db: &impl ConnectionTrait,
    delegate: &str,
    at: Timestamp,
) -> Result<BTreeMap<String, delegation::Model>, Error> {
    use delegation::Column;
    let rows = delegation::Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::Delegate.eq(delegate))
        .filter(delegation_holds(at))
        .order_by_asc(Column::DelegationId)
        .all(db)
        .await?;
    let by_delegator = rows.into_iter().map(|row| (row.delegator.clone(), row));
    Ok(by_delegator.collect())
}

/// What the caller holds now, and for whom he acts, for the rules.
pub(crate) async fn of_caller(
    ctx: &Context,
    db: &impl ConnectionTrait,
) -> Result<Authority, Error> {
    let caller = ctx.actor.as_str();
    let lent = lent_to(ctx, db, caller, ctx.now).await?;
    let holdings = among(ctx, db, caller, &lent, ctx.now).await?;
    let read = holdings.into_iter().map(|holding| {
        Ok(Held {
            id: holding.grant.grant_id,
            delegated: holding.delegation.is_some(),
            grant: from_row(&holding.grant)?,
        })
    });
    Ok(Authority {
        held: read.collect::<Result<_, Error>>()?,
        acts_for: lent.into_keys().collect(),
    })
}

/// Up to where the grants reach, or did before they ended.
pub(crate) async fn limits(
    ctx: &Context,
    db: &impl ConnectionTrait,
    grants: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<Limits>, Error> {
    let rows = grant::Entity::find()
        .filter(grant::Column::TenantId.eq(ctx.tenant))
        .filter(grant::Column::GrantId.is_in(grants))
        .all(db)
        .await?;
    let read = rows.iter().map(|row| from_row(row).map(|it| it.limits));
    read.collect()
}

/// The grant in a row.
fn from_row(row: &grant::Model) -> Result<Grant, Error> {
    let currency = row.currency.as_deref().and_then(Currency::from_code);
    let total = row.max_total.zip(currency);
    let total = total.map(|(minor, currency)| Money::from_minor(minor, currency));
    let parts = GrantParts {
        grantee: &row.grantee,
        action: i32::from(row.action),
        level: i32::from(row.level),
        max_discount_ppm: row.max_discount,
        max_total: total.transpose().map_err(unreadable(READING))?,
        min_margin_ppm: row.min_margin,
        covers: (row.covers_unlisted, row.covers_below_floor),
        period: (row.valid_from_time, row.valid_to_time),
    };
    Grant::parse(&parts).map_err(unreadable(READING))
}
