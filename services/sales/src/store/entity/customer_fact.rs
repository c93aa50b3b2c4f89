//! What rules of territories ask about customers.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// What is known of one customer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customer_fact")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Who.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// Whether the customer was deleted, merged into another or erased: then nothing else is kept.
    pub gone: bool,
    /// Of when this is: what is older does not replace it.
    pub fact_time: Timestamp,
    /// 1: a person, 2: an organisation.
    pub kind: Option<i16>,
    /// ISO 3166-1 alpha-2.
    pub region_code: Option<String>,
    /// BCP 47.
    pub language_code: Option<String>,
    /// In the tenant's own words.
    pub industry: Option<String>,
    /// How many work there.
    pub employee_count: Option<i32>,
    /// When it was founded.
    pub founding_year: Option<i32>,
    /// In whole units.
    pub annual_revenue: Option<i64>,
    /// ISO 4217.
    pub revenue_currency: Option<String>,
    /// Who looks after the customer.
    pub primary_employee: Option<String>,
    /// The tenant's own attributes as texts by their keys.
    pub attributes: Option<Json>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
