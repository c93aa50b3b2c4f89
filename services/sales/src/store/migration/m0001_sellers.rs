//! Those who sell, and who manages them.

use rapport_platform::db::schema::index;
use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm_migration::schema::{big_integer, small_integer, text, text_null, uuid, uuid_null};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::seller::{Column, Entity};

/// Creates the table of sellers.
pub(super) struct CreateSellers;

impl MigrationName for CreateSellers {
    fn name(&self) -> &str {
        "m0001_sellers"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateSellers {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Entity)
            .col(uuid(Column::TenantId))
            .col(uuid(Column::SellerId))
            .col(text(Column::DisplayName))
            .col(text(Column::Principal))
            .col(uuid_null(Column::ManagerId))
            .col(text_null(Column::Team))
            .col(text_null(Column::Region))
            .col(small_integer(Column::State))
            .col(big_integer(Column::Version))
            .col(big_integer(Column::CreateTime))
            .col(big_integer(Column::UpdateTime))
            .primary_key(Index::create().col(Column::TenantId).col(Column::SellerId))
            .to_owned();
        manager.create_table(table).await?;
        let principal = [Column::TenantId, Column::Principal];
        let principal = index("seller_by_principal", Entity, principal)
            .unique()
            .take();
        manager.create_index(principal).await?;
        // Nobody looks for those who have none.
        for (name, column) in [
            ("seller_by_manager", Column::ManagerId),
            ("seller_by_team", Column::Team),
            ("seller_by_region", Column::Region),
        ] {
            let mut by = index(name, Entity, [Column::TenantId, column, Column::SellerId]);
            by.and_where(Expr::col(column).is_not_null());
            manager.create_index(by).await?;
        }
        Ok(())
    }
}
