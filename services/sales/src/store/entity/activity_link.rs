//! What events and tasks concern.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// A resource that an event or a task of one tenant concerns.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "activity_link")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The event or task.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner_id: Uuid,
    /// By which merges note it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub link_id: Uuid,
    /// Their order.
    pub position: i32,
    /// The customer, where it is one.
    pub customer_id: Option<Uuid>,
    /// The name of anything else. Without either it is a customer who was erased.
    pub resource: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
