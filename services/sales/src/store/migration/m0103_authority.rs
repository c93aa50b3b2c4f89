//! Who may do what, who acts for whom, and which quotes need whose approval.

use rapport_platform::db::schema::{clustered, index, refuse_updates};
use sea_orm::DbErr;
use sea_orm::sea_query::{Index, Table};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, integer, small_integer, text, text_null, uuid,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::{approval_policy, authority_delegation, authority_grant};

/// Creates authority and policies.
pub(super) struct CreateAuthority;

impl MigrationName for CreateAuthority {
    fn name(&self) -> &str {
        "m0103_authority"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateAuthority {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_grant(manager).await?;
        create_delegation(manager).await?;
        create_policy(manager).await?;
        refuse_updates(manager, &["approval_policy"]).await
    }
}

async fn create_grant(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use authority_grant::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::GrantId))
        .col(text(Column::Grantee))
        .col(small_integer(Column::Action))
        .col(small_integer(Column::Level))
        .col(integer(Column::MaxDiscount))
        .col(text_null(Column::Currency))
        .col(big_integer_null(Column::MaxTotal))
        .col(big_integer_null(Column::MinMargin))
        .col(big_integer(Column::ValidFromTime))
        .col(big_integer_null(Column::ValidToTime))
        .col(text(Column::Granter))
        .col(big_integer(Column::CreateTime))
        .col(big_integer_null(Column::RevokeTime))
        .primary_key(Index::create().col(Column::TenantId).col(Column::GrantId))
        .to_owned();
    manager.create_table(clustered(manager, table)).await?;
    let by = [Column::TenantId, Column::Grantee, Column::GrantId];
    manager
        .create_index(index("authority_grant_by_grantee", Entity, by))
        .await
}

async fn create_delegation(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use authority_delegation::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::DelegationId))
        .col(text(Column::Delegator))
        .col(text(Column::Delegate))
        .col(big_integer(Column::ValidFromTime))
        .col(big_integer(Column::ValidToTime))
        .col(text(Column::Creator))
        .col(big_integer(Column::CreateTime))
        .col(big_integer_null(Column::RevokeTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::DelegationId),
        )
        .to_owned();
    manager.create_table(clustered(manager, table)).await?;
    for (name, column) in [
        ("authority_delegation_by_delegator", Column::Delegator),
        ("authority_delegation_by_delegate", Column::Delegate),
    ] {
        let by = [Column::TenantId, column, Column::DelegationId];
        manager.create_index(index(name, Entity, by)).await?;
    }
    Ok(())
}

async fn create_policy(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use approval_policy::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(big_integer(Column::Version))
        .col(binary(Column::Document))
        .col(text(Column::Author))
        .col(big_integer(Column::CreateTime))
        .primary_key(Index::create().col(Column::TenantId).col(Column::Version))
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}
