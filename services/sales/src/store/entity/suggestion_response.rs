//! What customers said to suggestions.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// What one customer said about one product.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "suggestion_response")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub response_id: Uuid,
    /// Who.
    pub customer_id: Uuid,
    /// To which decision.
    pub decision_id: Uuid,
    /// About what.
    pub product_id: Uuid,
    /// In which situation.
    pub situation: String,
    /// `SuggestionOutcome`.
    pub outcome: i16,
    /// Why.
    pub reason: Option<String>,
    /// Who noted it.
    pub author: String,
    /// When.
    pub respond_time: Timestamp,
    /// Until when the product is not suggested anew.
    pub hold_until_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
