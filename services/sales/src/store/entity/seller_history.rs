//! Where sellers belonged, from when to when.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// Where one seller belonged for a while. Rows are appended; only their end is written later.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seller_history")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Who.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: Uuid,
    /// Since when; 0: since ever, as imported history reaches back behind the seller's record.
    #[sea_orm(primary_key, auto_increment = false)]
    pub start_time: Timestamp,
    /// Until when; null while it is.
    pub end_time: Option<Timestamp>,
    /// Who managed him.
    pub manager_id: Option<Uuid>,
    /// The team he belonged to.
    pub team: Option<String>,
    /// The region in which he sold.
    pub region: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
