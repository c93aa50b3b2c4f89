//! Messages that are written once and sent to many.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One template.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "template")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Chosen by the tenant; templates are listed by it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub template_id: String,
    /// What people call it.
    pub display_name: String,
    /// `rapport.type.v1.Channel`.
    pub channel: i16,
    /// The subject line.
    pub subject: String,
    /// The message as plain text.
    pub text: String,
    /// The message as HTML.
    pub html: Option<String>,
    /// What senders fill in: pairs of key and description.
    pub merge_fields: Json,
    /// Grows with every change.
    pub version: i64,
    /// When it was written.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
