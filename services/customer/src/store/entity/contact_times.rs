//! When and how often customers want to be contacted.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// What one customer said. Its version is that of the preferences.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_times")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Who said it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// A `rapport.customer.v1.ContactTimes`.
    pub document: Vec<u8>,
    /// Who recorded it.
    pub recorder: String,
    /// When it was recorded.
    pub record_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
