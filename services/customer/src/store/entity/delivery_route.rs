//! By which way the messages of each channel leave.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// The route of one channel, once somebody set it.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery_route")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// `rapport.type.v1.Channel`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel: i16,
    /// `Connector`.
    pub connector: i16,
    /// Of a webhook: the URL that is called.
    pub url: Option<String>,
    /// Of a webhook: the key of the signature.
    pub secret: Option<String>,
    /// When the receiver wanted no more.
    pub stop_time: Option<Timestamp>,
    /// Grows with every change.
    pub version: i64,
    /// When it last changed.
    pub update_time: Timestamp,
}

/// Without the secret: rows are shown in logs of faults.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("tenant_id", &self.tenant_id)
            .field("channel", &self.channel)
            .field("connector", &self.connector)
            .finish_non_exhaustive()
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
