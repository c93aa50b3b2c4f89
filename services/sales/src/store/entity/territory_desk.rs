//! Tenants that divide their customers among territories.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// What the service knows about one tenant's territories. Companies without territories have no row, and nothing is kept about their customers.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "territory_desk")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The model that holds.
    pub active_model_id: Option<Uuid>,
    /// Whether facts about customers are still being read.
    pub filling: bool,
    /// Whether they are read once more after that, because something changed that was read already.
    pub refill: bool,
    /// Where reading goes on; null: at the beginning.
    pub fill_token: Option<String>,
    /// Grows with every change.
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
