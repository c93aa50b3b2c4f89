//! Addresses that are not to be used, whoever has them.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One reason against one address. It outlives the person: nothing in it leads back to one.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "suppression")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub suppression_id: Uuid,
    /// Keyed hash of the address; see [`crate::store::contact_point::AddressKey`].
    pub address_digest: Vec<u8>,
    /// `SuppressionReason`.
    pub reason: i16,
    /// The purposes it stops: bit `n` for purpose `n`.
    pub purposes: i16,
    /// Where it comes from, for people.
    pub note: Option<String>,
    /// Who recorded it.
    pub recorder: String,
    /// When it was recorded.
    pub create_time: Timestamp,
    /// Who lifted it.
    pub lifter: Option<String>,
    /// Why.
    pub lift_reason: Option<String>,
    /// When; in force while there is none.
    pub lift_time: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
