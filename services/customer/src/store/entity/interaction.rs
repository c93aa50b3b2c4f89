//! The contact repository: one row for every contact, appended once.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One contact. Triggers refuse every update of a row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "interaction")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// With whom.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub interaction_id: Uuid,
    /// `rapport.type.v1.Channel`.
    pub channel: i16,
    /// `Direction`.
    pub direction: i16,
    /// `rapport.type.v1.Purpose`, of the company's own contacts.
    pub purpose: Option<i16>,
    /// The conversation it belongs to.
    pub conversation_id: Option<Uuid>,
    /// Resource name of who dealt with the customer.
    pub agent: String,
    /// The address used.
    pub contact_point_id: Option<Uuid>,
    /// What it was about.
    pub summary: String,
    /// Its full text.
    pub body: Option<String>,
    /// `InteractionOutcome`, if known.
    pub outcome: Option<i16>,
    /// When it took place; with the id, the order of the timeline.
    pub occur_time: Timestamp,
    /// How long it lasted.
    pub duration_seconds: Option<i32>,
    /// Names of the resources it concerns. `interaction_link` has them once more, to be
    /// found by; here they spare the reader of a timeline a second query.
    pub links: Links,
    /// The other system that knows it.
    pub external_system: Option<String>,
    /// Its id there.
    pub external_id: Option<String>,
    /// Who recorded it.
    pub recorder: String,
    /// When it was recorded.
    pub record_time: Timestamp,
}

/// Resource names, in the caller's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub struct Links(pub Vec<String>);

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
