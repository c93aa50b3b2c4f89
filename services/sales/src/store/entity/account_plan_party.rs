//! Whom plans are about besides their customers.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// A further customer of a plan, or somebody who has a say.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_plan_party")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub party_id: Uuid,
    /// Of which plan.
    pub plan_id: Uuid,
    /// Its place, from 0: first the customers, then those who have a say, then those whom a merge made
    /// the same as one of these.
    pub position: i32,
    /// Who.
    pub customer_id: Option<Uuid>,
    /// What she does there.
    pub role: Option<String>,
    /// `PlanStance`; none of a further customer.
    pub stance: Option<i16>,
    /// What else is to be known.
    pub note: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
