//! The custom attributes that tenants record of their customers.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One attribute of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attribute_definition")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Under which customers carry it. Lists are in its order, bytewise.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// What people call it.
    pub display_name: String,
    /// What it means and how to find it out.
    pub description: Option<String>,
    /// `AttributeType`.
    pub value_type: i16,
    /// `AttributeCategory`.
    pub category: i16,
    /// The values of an ENUM attribute: a JSON array of strings.
    pub allowed_values: Json,
    /// Grows with every change.
    pub version: i64,
    /// When it was defined.
    pub create_time: Timestamp,
    /// When the definition last changed.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
