//! Threads of interactions about one matter, across channels.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One thread.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conversation")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// With whom.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// UUIDv7: conversations are listed by it, latest opened first.
    #[sea_orm(primary_key, auto_increment = false)]
    pub conversation_id: Uuid,
    /// What it is about.
    pub subject: String,
    /// `ConversationState`.
    pub state: i16,
    /// The earlier conversation that it takes up.
    pub follows_id: Option<Uuid>,
    /// How it was settled.
    pub resolution: Option<String>,
    /// The channel of its latest interaction.
    pub last_channel: Option<i16>,
    /// When its latest interaction took place.
    pub last_interaction_time: Option<Timestamp>,
    /// Number of its interactions.
    pub interaction_count: i32,
    /// When something last happened in it: its opening, then its interactions. The order of
    /// open conversations.
    pub active_time: Timestamp,
    /// Who opened it.
    pub opener: String,
    /// When it was opened.
    pub create_time: Timestamp,
    /// When it was closed.
    pub close_time: Option<Timestamp>,
    /// Grows with every change, also with every interaction appended.
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
