//! Addresses under which customers are reached.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One address.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_point")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Whose address.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub contact_point_id: Uuid,
    /// What kind of address: 1 e-mail, 2 phone, 3 postal, 4 handle.
    pub kind: i16,
    /// The e-mail address as it is sent to, the number in E.164, or the handle's id. Null for a
    /// postal address.
    pub address: Option<String>,
    /// Of a phone number: what to dial when connected.
    pub extension: Option<String>,
    /// Of a phone number: what it reaches, the number of a
    /// [`crate::domain::phone::LineKind`].
    pub line_kind: Option<i16>,
    /// Of a handle: where it is known.
    pub platform: Option<String>,
    /// Of a postal address: its fields.
    pub postal: Option<Json>,
    /// Keyed hash of what two spellings of one address have in common; unique per customer.
    pub address_digest: Vec<u8>,
    /// What people call it.
    pub label: Option<String>,
    /// The channels it serves: bit `n` for channel `n`.
    pub channels: i32,
    /// Place in the customer's order, from 1; the greatest number when not set.
    pub rank: i16,
    /// First instant at which it is valid.
    pub valid_from_time: Option<Timestamp>,
    /// First instant at which it is no longer valid.
    pub valid_to_time: Option<Timestamp>,
    /// `ContactPointState`.
    pub state: i16,
    /// When the state last changed.
    pub state_time: Timestamp,
    /// When the customer was last shown to own it.
    pub verify_time: Option<Timestamp>,
    /// Grows with every change.
    pub version: i64,
    /// When it was recorded.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
