//! How well channels work: what contacts cost, and the ways to what took place in a period.

use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm_migration::schema::{big_integer, small_integer, text, uuid};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::{clustered, index};
use crate::domain::contact::permit::PermitState;
use crate::store::entity::{channel_cost, contact_permit, interaction};

/// Creates what the effect of channels is counted from.
pub(super) struct CreateEffect;

impl MigrationName for CreateEffect {
    fn name(&self) -> &str {
        "m0007_effect"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateEffect {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_channel_cost(manager).await?;
        let period = [
            interaction::Column::TenantId,
            interaction::Column::OccurTime,
        ];
        manager
            .create_index(index("interaction_by_time", interaction::Entity, period))
            .await?;
        let period = [
            contact_permit::Column::TenantId,
            contact_permit::Column::ReserveTime,
        ];
        let mut refused = index("contact_permit_refused", contact_permit::Entity, period);
        let state = Expr::col(contact_permit::Column::State);
        refused.and_where(state.eq(PermitState::Refused.code()));
        manager.create_index(refused).await
    }
}

async fn create_channel_cost(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use channel_cost::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::ChannelCostId))
        .col(small_integer(Column::Channel))
        .col(text(Column::Currency))
        .col(big_integer(Column::PerContact))
        .col(big_integer(Column::PerMinute))
        .col(big_integer(Column::EffectiveTime))
        .col(text(Column::Recorder))
        .col(big_integer(Column::CreateTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::ChannelCostId),
        )
        .to_owned();
    manager.create_table(clustered(manager, table)).await?;
    let holds = [Column::TenantId, Column::Channel, Column::EffectiveTime];
    let mut holds = index("channel_cost_holds", Entity, holds);
    holds.unique();
    manager.create_index(holds).await
}
