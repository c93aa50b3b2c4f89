//! What proposals look like.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One template of one tenant, in its present version.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "proposal_template")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub template_id: Uuid,
    /// Number of the version, from 1.
    pub version: i64,
    /// The encoded `rapport.sales.v1.ProposalTemplate` with what callers set of it.
    pub document: Vec<u8>,
    /// Who wrote this version.
    pub author: String,
    /// When the first version was written.
    pub create_time: Timestamp,
    /// When this one was.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
