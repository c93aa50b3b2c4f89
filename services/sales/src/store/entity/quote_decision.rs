//! What approvers decided about quotes.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One decision about one revision. Never changed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quote_decision")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// About which quote.
    #[sea_orm(primary_key, auto_increment = false)]
    pub quote_id: Uuid,
    /// About which revision of it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i64,
    /// Which it is; grows with time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub decision_id: Uuid,
    /// Which submission of the quote he decided about.
    pub submission: i64,
    /// The level that he decided for.
    pub level: i16,
    /// `DecisionOutcome`.
    pub outcome: i16,
    /// Who.
    pub approver: String,
    /// By whose authority, when it was delegated to him.
    pub on_behalf_of: Option<String>,
    /// The grant by which he might.
    pub grant_id: Uuid,
    /// SHA-256 of the content that he decided about.
    pub content_hash: Vec<u8>,
    /// What he wrote with it.
    pub comment: Option<String>,
    /// When.
    pub decide_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
