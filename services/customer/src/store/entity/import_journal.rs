//! What an import run did to each customer, until it is taken back.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// One customer of one run.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_journal")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_run_id: Uuid,
    /// The customer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// The customer before the run; null when the run created it.
    pub before: Option<Json>,
    /// The version that the run left; null once others changed the customer in between.
    pub left_version: Option<i64>,
    /// Ids of the contact points that the run added.
    pub contact_points: Json,
    /// Ids of the interactions that the run appended, where it did not create the customer.
    pub interactions: Json,
    /// How many interactions the run appended.
    pub interaction_count: i64,
    /// What the customer had chosen before the run, and the version of its preferences that the
    /// run left; null when the run left them alone.
    pub preferences: Option<Json>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
