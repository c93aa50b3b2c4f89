//! Customers whose territory somebody decided.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One pin. It outlasts models.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "territory_pin")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// Code of the territory.
    pub code: String,
    /// Why.
    pub reason: Option<String>,
    /// Who pinned it.
    pub actor: String,
    /// When.
    pub create_time: Timestamp,
    /// The merge that made the customer part of another; the pin sleeps until that is undone.
    pub dormant_by: Option<Uuid>,
    /// The merge by which the customer has the pin of another.
    pub copied_by: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
