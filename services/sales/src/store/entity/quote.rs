//! What the company offers to customers.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One quote of one tenant, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quote")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub quote_id: Uuid,
    /// To whom.
    pub customer_id: Uuid,
    /// The name of the customer when it was made, which its content names for ever.
    pub customer: String,
    /// The opportunity that it is for.
    pub opportunity_id: Option<Uuid>,
    /// What people call it.
    pub title: String,
    /// ISO 4217, of the amounts.
    pub currency: String,
    /// After discounts and before tax, in minor units.
    pub net: i64,
    /// The tax on it.
    pub tax: i64,
    /// Number of the present revision.
    pub revision: i64,
    /// SHA-256 of the present content.
    pub content_hash: Vec<u8>,
    /// SHA-256 of the content that was approved last.
    pub approved_hash: Option<Vec<u8>>,
    /// The revision that was approved, within which the present one may stay.
    pub approved_revision: Option<i64>,
    /// First instant at which the customer can no longer accept it.
    pub expire_time: Option<Timestamp>,
    /// `QuoteState`.
    pub state: i16,
    /// Who made it.
    pub owner: String,
    /// Who submitted it last.
    pub submitter: Option<String>,
    /// When.
    pub submit_time: Option<Timestamp>,
    /// How often it was submitted: decisions about earlier submissions do not count.
    pub submission: i64,
    /// The approval policy under which it was submitted.
    pub policy_version: i64,
    /// The level whose approval it waits for.
    pub pending_level: Option<i16>,
    /// The level that is asked.
    pub asked_level: Option<i16>,
    /// When the next level is asked.
    pub escalate_time: Option<Timestamp>,
    /// `rapport.type.v1.Channel` on which it was sent last.
    pub send_channel: Option<i16>,
    /// When.
    pub send_time: Option<Timestamp>,
    /// The proposal that was sent with it.
    pub send_proposal_id: Option<Uuid>,
    /// SHA-256 of what was sent.
    pub send_hash: Option<Vec<u8>>,
    /// Why the customer refused it.
    pub reject_reason: Option<String>,
    /// The quote that takes its place.
    pub successor_id: Option<Uuid>,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
