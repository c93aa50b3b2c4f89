//! Messages on their way out.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One message on its way to a customer. Its text is in the interaction.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// UUIDv7: deliveries are listed by it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub delivery_id: Uuid,
    /// Whom it is for.
    pub customer_id: Uuid,
    /// What holds the message.
    pub interaction_id: Uuid,
    /// `rapport.type.v1.Channel`.
    pub channel: i16,
    /// `rapport.type.v1.Purpose`.
    pub purpose: i16,
    /// Where it goes.
    pub contact_point_id: Option<Uuid>,
    /// Keyed hash of the address that the latest attempt went to; see
    /// [`crate::store::contact_point::AddressKey`]. What comes back later is about that address,
    /// also when the contact point is gone.
    pub address_digest: Option<Vec<u8>>,
    /// The customer's permit under which it is made.
    pub contact_permit_id: Uuid,
    /// The topic; kept here because it outlives the permit.
    pub topic: Option<String>,
    /// The campaign; likewise.
    pub campaign: Option<String>,
    /// The message as HTML, which interactions do not hold.
    pub html: Option<String>,
    /// `Connector`.
    pub connector: i16,
    /// `DeliveryState`.
    pub state: i16,
    /// Why it was refused: bit `n` for reason `n`.
    pub refusals: i32,
    /// How often a connector had it.
    pub attempt_count: i32,
    /// The attempts before a person had it queued again: the limit counts from here.
    pub forgiven_count: i32,
    /// When somebody may take it: while it waits, its next attempt; while it is leased, the end
    /// of the lease. Null once it is over.
    pub due_time: Option<Timestamp>,
    /// Names the lease; null unless it is leased.
    pub lease_id: Option<Uuid>,
    /// How the connector's other side names it.
    pub provider_message_id: Option<String>,
    /// Whether an attempt ended in the dark.
    pub possible_duplicate: bool,
    /// The class of the latest failure.
    pub failure: Option<String>,
    /// When its receiver complained.
    pub complain_time: Option<Timestamp>,
    /// Grows with every change that others see.
    pub version: i64,
    /// When it was queued.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
    /// When it was over.
    pub end_time: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
