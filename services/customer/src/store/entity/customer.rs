//! Customers: persons and organisations.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One customer. Columns that belong to the other kind are null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "customer")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// UUIDv7: lists are in its order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// 1 for a person, 2 for an organisation.
    pub kind: i16,
    /// A person's full name, an organisation's legal one.
    pub name: String,
    /// Of a person.
    pub given_name: Option<String>,
    /// Of a person.
    pub family_name: Option<String>,
    /// Of a person.
    pub salutation: Option<String>,
    /// Of a person: year, month and day as one number, 18151210; year 0 when unknown.
    pub birth_date: Option<i32>,
    /// Of an organisation.
    pub trading_name: Option<String>,
    /// Of an organisation.
    pub industry: Option<String>,
    /// Of an organisation.
    pub employee_count: Option<i32>,
    /// Of an organisation.
    pub founding_year: Option<i16>,
    /// Of an organisation, in minor units of the currency.
    pub annual_revenue: Option<i64>,
    /// ISO 4217.
    pub annual_revenue_currency: Option<String>,
    /// The organisation it belongs to.
    pub parent_id: Option<Uuid>,
    /// BCP 47.
    pub language_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub region_code: Option<String>,
    /// IANA.
    pub time_zone: Option<String>,
    /// Resource name of the employee who looks after it.
    pub primary_employee: Option<String>,
    /// Values by key, as [`crate::store::attributes`] writes them.
    pub attributes: Json,
    /// `LifecycleStage`.
    pub lifecycle_stage: i16,
    /// The customer that it was merged into; null while it stands for itself. Never one that
    /// was itself merged.
    #[serde(default)]
    pub merged_into: Option<Uuid>,
    /// Since when it belongs to that customer.
    #[serde(default)]
    pub join_time: Option<Timestamp>,
    /// How many customers were merged into it: whoever reads the row knows whether to look for
    /// more.
    #[serde(default)]
    pub merged_count: i32,
    /// Grows with every change.
    pub version: i64,
    /// When it was recorded.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
    /// When it was deleted.
    pub delete_time: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
