//! Terms under which customers that are not deleted are found.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// One term of one customer. The key is the order of a search: terms sort bytewise on both
/// engines, so that a prefix is a range.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_term")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// What the term was taken from: the number of a [`crate::domain::search::TermKind`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub field: i16,
    /// The folded text.
    #[sea_orm(primary_key, auto_increment = false)]
    pub term: String,
    /// Who is found.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
