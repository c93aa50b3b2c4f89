//! Leave to contact customers, and refusals of it.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One contact that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_permit")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Whom to contact.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub contact_permit_id: Uuid,
    /// `Channel`.
    pub channel: i16,
    /// `Purpose`.
    pub purpose: i16,
    /// The topic.
    pub topic: Option<String>,
    /// The campaign.
    pub campaign: Option<String>,
    /// The address that was asked for.
    pub contact_point_id: Option<Uuid>,
    /// `PermitState`.
    pub state: i16,
    /// When it was asked for.
    pub reserve_time: Timestamp,
    /// First instant at which it can't be confirmed any more.
    pub expire_time: Timestamp,
    /// When it was confirmed or released.
    pub settle_time: Option<Timestamp>,
    /// When the contact was made.
    pub contact_time: Option<Timestamp>,
    /// The policy that judged it.
    pub policy_version: i64,
    /// Who asked for it.
    pub holder: String,
    /// Why it was refused: bit `n` for `ContactRefusal` `n`.
    pub refusals: i32,
    /// Makes it happen once.
    pub request_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
