//! Whose customers are and were.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// To which territory a customer belongs under one model, from when to when. Outside the time in which the model held, it says what would have been.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customer_territory")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Under which model.
    #[sea_orm(primary_key, auto_increment = false)]
    pub model_id: Uuid,
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// Since when; 0: since the model holds.
    #[sea_orm(primary_key, auto_increment = false)]
    pub start_time: Timestamp,
    /// Until when; null while it holds.
    pub end_time: Option<Timestamp>,
    /// Which territory; null: none.
    pub territory_id: Option<Uuid>,
    /// Its code.
    pub code: Option<String>,
    /// `Cause`.
    pub cause: Option<i16>,
    /// Code of the territory that the customer has before the model holds.
    pub from_code: Option<String>,
    /// Whether that is another one.
    pub moves: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
