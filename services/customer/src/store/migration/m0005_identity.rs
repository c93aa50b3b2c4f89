//! Which records are one customer, and which may be.

use sea_orm::DbErr;
use sea_orm::sea_query::{
    ColumnDef, ConditionalStatement as _, Expr, ExprTrait as _, Index, Table,
};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, json_binary, json_binary_null, small_integer, text,
    text_null, uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::{clustered, index};
use crate::store::entity::{
    blocking_key, customer, customer_merge, customer_tombstone, duplicate_candidate,
    duplicate_policy, duplicate_scan, import_journal, pending_parent,
};

/// Creates the tables of identity resolution.
pub(super) struct CreateIdentity;

impl MigrationName for CreateIdentity {
    fn name(&self) -> &str {
        "m0005_identity"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateIdentity {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut merged_count = ColumnDef::new(customer::Column::MergedCount);
        merged_count.integer().not_null().default(0);
        // One statement each: SQLite adds one column at a time.
        for column in [
            uuid_null(customer::Column::MergedInto),
            big_integer_null(customer::Column::JoinTime),
            merged_count,
        ] {
            let alter = Table::alter()
                .table(customer::Entity)
                .add_column(column)
                .to_owned();
            manager.alter_table(alter).await?;
        }
        index_merged_customers(manager).await?;
        create_customer_merge(manager).await?;
        create_blocking_key(manager).await?;
        create_duplicate_candidate(manager).await?;
        create_duplicate_scan(manager).await?;
        create_duplicate_policy(manager).await?;
        create_customer_tombstone(manager).await?;
        index_journals_by_customer(manager).await
    }
}

/// Few customers are merged, so the index leaves the others out.
async fn index_merged_customers(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use customer::{Column, Entity};
    let members = [Column::TenantId, Column::MergedInto, Column::CustomerId];
    let mut members = index("customer_by_survivor", Entity, members);
    members.and_where(Expr::col(Column::MergedInto).is_not_null());
    manager.create_index(members).await
}

async fn create_customer_merge(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use customer_merge::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::MergeId))
        .col(uuid(Column::SurvivorId))
        .col(uuid(Column::MergedId))
        .col(text_null(Column::Reason))
        .col(json_binary(Column::Written))
        .col(json_binary(Column::Members))
        .col(json_binary(Column::Children))
        .col(uuid_null(Column::MergedParentId))
        .col(text(Column::Actor))
        .col(big_integer(Column::MergeTime))
        .col(text_null(Column::UndoActor))
        .col(big_integer_null(Column::UndoTime))
        .col(json_binary_null(Column::Kept))
        .primary_key(Index::create().col(Column::TenantId).col(Column::MergeId))
        .to_owned();
    manager.create_table(table).await?;
    let survivor = [Column::TenantId, Column::SurvivorId, Column::MergeId];
    manager
        .create_index(index("customer_merge_by_survivor", Entity, survivor))
        .await?;
    let merged = [Column::TenantId, Column::MergedId, Column::MergeId];
    manager
        .create_index(index("customer_merge_by_merged", Entity, merged))
        .await
}

async fn create_blocking_key(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use blocking_key::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(big_integer(Column::Key))
        .col(uuid(Column::CustomerId))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::Key)
                .col(Column::CustomerId),
        )
        .to_owned();
    manager.create_table(clustered(manager, table)).await?;
    let by_customer = [Column::TenantId, Column::CustomerId, Column::Key];
    manager
        .create_index(index("blocking_key_by_customer", Entity, by_customer))
        .await
}

async fn create_duplicate_candidate(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use duplicate_candidate::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CandidateId))
        .col(uuid(Column::CustomerId))
        .col(uuid(Column::OtherId))
        .col(small_integer(Column::Score))
        .col(json_binary(Column::Reasons))
        .col(small_integer(Column::State))
        .col(text_null(Column::Decider))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::CandidateId),
        )
        .to_owned();
    manager.create_table(table).await?;
    // A pair is judged once, whichever of the two is looked at.
    let pair = [Column::TenantId, Column::CustomerId, Column::OtherId];
    let pair = index("duplicate_candidate_pair", Entity, pair)
        .unique()
        .take();
    manager.create_index(pair).await?;
    let other = [Column::TenantId, Column::OtherId];
    manager
        .create_index(index("duplicate_candidate_by_other", Entity, other))
        .await?;
    let queue = [
        Column::TenantId,
        Column::State,
        Column::Score,
        Column::CandidateId,
    ];
    manager
        .create_index(index("duplicate_candidate_queue", Entity, queue))
        .await
}

async fn create_duplicate_scan(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use duplicate_scan::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::ScanId))
        .col(small_integer(Column::State))
        .col(uuid_null(Column::Position))
        .col(big_integer(Column::ExaminedCount))
        .col(big_integer(Column::CandidateCount))
        .col(big_integer(Column::MergedCount))
        .col(text(Column::Actor))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .col(big_integer_null(Column::CompleteTime))
        .primary_key(Index::create().col(Column::TenantId).col(Column::ScanId))
        .to_owned();
    manager.create_table(table).await?;
    // Those that run are few, however many ran.
    let mut running = index(
        "duplicate_scan_running",
        Entity,
        [Column::TenantId, Column::ScanId],
    );
    running.and_where(Expr::col(Column::CompleteTime).is_null());
    manager.create_index(running).await
}

async fn create_duplicate_policy(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use duplicate_policy::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(small_integer(Column::ReviewScore))
        .col(small_integer(Column::AutoScore))
        .col(boolean(Column::AutoMerge))
        .col(text(Column::Actor))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::UpdateTime))
        .primary_key(Index::create().col(Column::TenantId))
        .to_owned();
    manager.create_table(table).await
}

async fn create_customer_tombstone(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use customer_tombstone::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::ErasedId))
        .col(small_integer(Column::Kind))
        .col(small_integer(Column::LifecycleStage))
        .col(text(Column::Actor))
        .col(big_integer(Column::EraseTime))
        .primary_key(Index::create().col(Column::TenantId).col(Column::ErasedId))
        .to_owned();
    manager.create_table(table).await
}

/// What imports keep of one customer is found without reading what they keep of all.
async fn index_journals_by_customer(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use import_journal::{Column, Entity};
    let journal = [Column::TenantId, Column::CustomerId, Column::ImportRunId];
    manager
        .create_index(index("import_journal_by_customer", Entity, journal))
        .await?;
    use pending_parent as pending;
    let waiting = [pending::Column::TenantId, pending::Column::CustomerId];
    manager
        .create_index(index(
            "pending_parent_by_customer",
            pending::Entity,
            waiting,
        ))
        .await
}
