//! Import runs.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One run. Its row is written with every batch, which makes batches of one run follow each
/// other.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_run")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// UUIDv7: runs are listed by it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_run_id: Uuid,
    /// Where the rows come from.
    pub source: String,
    /// Whether it only checks.
    pub dry_run: bool,
    /// `ImportState`.
    pub state: i16,
    /// The checkpoint: everything up to it is durable.
    pub last_line: i64,
    /// Customers created.
    pub created_count: i64,
    /// Customers changed.
    pub updated_count: i64,
    /// Customers that were the same already.
    pub unchanged_count: i64,
    /// Rows refused.
    pub failed_count: i64,
    /// Interactions appended.
    pub interaction_count: i64,
    /// Customers that an undo left alone.
    pub kept_count: i64,
    /// Who ran it.
    pub actor: String,
    /// Grows with every change.
    pub version: i64,
    /// When it was opened.
    pub create_time: Timestamp,
    /// When it was last worked on.
    pub update_time: Timestamp,
    /// When all rows were in.
    pub complete_time: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
