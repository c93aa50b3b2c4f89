//! The consent ledger.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One entry. Triggers refuse every update of a row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consent_event")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Who permits or forbids.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub consent_event_id: Uuid,
    /// The channel it is about; with no contact point either: all.
    pub channel: Option<i16>,
    /// The address it is about.
    pub contact_point_id: Option<Uuid>,
    /// Keyed hash of that address: it may come back under another contact point.
    pub address_digest: Option<Vec<u8>>,
    /// `Purpose`; none for all that customers choose about.
    pub purpose: Option<i16>,
    /// The topic.
    pub topic: Option<String>,
    /// `ConsentStatus`.
    pub status: i16,
    /// `LegalBasis`.
    pub legal_basis: i16,
    /// Where it was given.
    pub source: String,
    /// SHA-256 of what proves it.
    pub evidence_hash: Option<Vec<u8>>,
    /// For people.
    pub note: Option<String>,
    /// When the customer gave it.
    pub capture_time: Timestamp,
    /// Whether the customer was asked to confirm it, and had not when it was recorded.
    pub awaits_confirmation: bool,
    /// When the customer confirmed it.
    pub double_opt_in_time: Option<Timestamp>,
    /// First instant at which it counts.
    pub effective_time: Timestamp,
    /// First instant at which it counts no more.
    pub expire_time: Option<Timestamp>,
    /// Who recorded it.
    pub recorder: String,
    /// When it was recorded; later for each entry of a customer.
    pub record_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
