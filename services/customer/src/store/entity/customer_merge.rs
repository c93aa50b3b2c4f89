//! Which customers were merged into which, and how to take that back.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One merge.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customer_merge")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// UUIDv7: lists are in its order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merge_id: Uuid,
    /// The customer that stands for both.
    pub survivor_id: Uuid,
    /// The customer that was merged into it.
    pub merged_id: Uuid,
    /// Why, in words.
    pub reason: Option<String>,
    /// The fields of the survivor that were written, with their values before and after.
    pub written: Json,
    /// Customers that had been merged into the merged one, and since when.
    pub members: Json,
    /// Organisations that belonged to the merged one.
    pub children: Json,
    /// The organisation that the merged one belonged to.
    pub merged_parent_id: Option<Uuid>,
    /// Who merged them.
    pub actor: String,
    /// When.
    pub merge_time: Timestamp,
    /// Since when they are one: later than everything that either had chosen before.
    pub join_time: Option<Timestamp>,
    /// Who took it back.
    pub undo_actor: Option<String>,
    /// When.
    pub undo_time: Option<Timestamp>,
    /// Fields that kept their values when it was taken back.
    pub kept: Option<Json>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
