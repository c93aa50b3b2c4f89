//! Finds the interactions that concern a resource, of this service or another.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One resource that one interaction concerns. The key is the order of the list.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "interaction_link")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Name of the resource, such as `quotes/{uuid}`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub resource: String,
    /// When the interaction took place.
    #[sea_orm(primary_key, auto_increment = false)]
    pub occur_time: Timestamp,
    /// The interaction.
    #[sea_orm(primary_key, auto_increment = false)]
    pub interaction_id: Uuid,
    /// Its customer.
    pub customer_id: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
