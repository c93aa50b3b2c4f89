//! Those who sell.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One seller of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seller")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: Uuid,
    /// What people call him.
    pub display_name: String,
    /// Who he is when he calls; one seller each.
    pub principal: String,
    /// Who manages him.
    pub manager_id: Option<Uuid>,
    /// The team he belongs to.
    pub team: Option<String>,
    /// The region in which he sells.
    pub region: Option<String>,
    /// `SellerState`.
    pub state: i16,
    /// Grows with every change.
    pub version: i64,
    /// When he was recorded.
    pub create_time: Timestamp,
    /// When the record last changed.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
