//! Lists of opportunities by one field or by two at once read only what they answer, in the order
//! of lists, however much one of the two has.

use rapport_platform::db::schema::index;
use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::opportunity::{Column, Entity};

/// Indexes them.
pub(super) struct IndexOpportunities;

impl MigrationName for IndexOpportunities {
    fn name(&self) -> &str {
        "m0802_opportunity_lists"
    }
}

#[tonic::async_trait]
impl MigrationTrait for IndexOpportunities {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // These have another column before the order of lists, so that by the first one alone all
        // had to be sorted.
        for name in ["opportunity_by_owner", "opportunity_by_stage"] {
            let drop = Index::drop().name(name).table(Entity).to_owned();
            manager.drop_index(drop).await?;
        }
        for (name, column) in [
            ("opportunity_by_owner", Column::OwnerId),
            ("opportunity_by_stage", Column::Stage),
        ] {
            let by = [Column::TenantId, column, Column::OpportunityId];
            manager.create_index(index(name, Entity, by)).await?;
        }
        index_pairs(manager).await
    }
}

async fn index_pairs(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use Column::{CustomerId, OwnerId, PipelineId, Stage, State};
    let pair = |name, first, second| {
        let by = [Column::TenantId, first, second, Column::OpportunityId];
        index(name, Entity, by)
    };
    for (name, first, second) in [
        ("opportunity_by_owner_and_stage", OwnerId, Stage),
        ("opportunity_by_owner_and_state", OwnerId, State),
        ("opportunity_by_pipeline_and_stage", PipelineId, Stage),
        ("opportunity_by_pipeline_and_state", PipelineId, State),
    ] {
        manager.create_index(pair(name, first, second)).await?;
    }
    for (name, second) in [
        ("opportunity_by_customer_and_stage", Stage),
        ("opportunity_by_customer_and_state", State),
    ] {
        let mut by = pair(name, CustomerId, second);
        by.and_where(Expr::col(CustomerId).is_not_null());
        manager.create_index(by).await?;
    }
    Ok(())
}
