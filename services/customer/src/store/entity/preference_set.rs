//! The version of all of a customer's preferences, and the row on which those who change
//! them and those who act on them meet.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// All preferences of one customer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "preference_set")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Whose preferences.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// Grows with every change; 0 while none was stated.
    pub version: i64,
    /// When they last changed.
    pub update_time: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
