//! By which keys the rows were written.

use sea_orm::entity::prelude::*;

/// One key, without what would tell it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_proof")]
pub struct Model {
    /// The setting that holds the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub setting: String,
    /// A message authenticated by the key.
    pub proof: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
