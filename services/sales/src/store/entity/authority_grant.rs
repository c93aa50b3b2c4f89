//! What people may do about quotes.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One grant of one tenant. Changed only when it is revoked.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "authority_grant")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub grant_id: Uuid,
    /// To whom.
    pub grantee: String,
    /// `Action`.
    pub action: i16,
    /// For this level and those below.
    pub level: i16,
    /// The largest discount, in parts per million.
    pub max_discount: i32,
    /// ISO 4217, of `max_total`.
    pub currency: Option<String>,
    /// The largest amount before tax, in minor units.
    pub max_total: Option<i64>,
    /// The smallest margin, in parts per million.
    pub min_margin: Option<i64>,
    /// To quote freely: also lines without a list price that holds for everybody.
    pub covers_unlisted: bool,
    /// To quote freely: also lines below the floor margin of their price.
    pub covers_below_floor: bool,
    /// First instant at which it holds.
    pub valid_from_time: Timestamp,
    /// First instant at which it no longer holds.
    pub valid_to_time: Option<Timestamp>,
    /// Who granted it.
    pub granter: String,
    /// When.
    pub create_time: Timestamp,
    /// When it was revoked.
    pub revoke_time: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
