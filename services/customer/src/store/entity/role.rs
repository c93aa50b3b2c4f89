//! What persons do in organisations.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One role.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "role")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The person.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// UUIDv7: lists are in its order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub role_id: Uuid,
    /// The organisation.
    pub organisation_id: Uuid,
    /// What the person does there.
    pub title: String,
    /// Anything worth knowing about it.
    pub description: Option<String>,
    /// First instant at which the person has it.
    pub valid_from_time: Option<Timestamp>,
    /// First instant at which the person no longer has it.
    pub valid_to_time: Option<Timestamp>,
    /// Grows with every change.
    pub version: i64,
    /// When it was recorded.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
