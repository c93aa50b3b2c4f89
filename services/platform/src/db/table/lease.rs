//! Jobs that one process at a time does. Not a tenant's data, so the key has no tenant.

use sea_orm::entity::prelude::*;

use crate::time::Timestamp;

/// One job.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lease")]
pub struct Model {
    /// Name of the job.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// The candidate that holds it.
    pub holder: Uuid,
    /// When others may take it.
    pub expire_time: Timestamp,
}

/// None.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
