//! Quotes, what they said, and what was decided about them.

use rapport_platform::db::schema::{clustered, index, refuse_updates};
use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, json_binary, small_integer,
    small_integer_null, text, text_null, uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::domain::quote::state::QuoteState;
use crate::store::entity::{quote, quote_decision, quote_reassignment, quote_revision};

/// Creates quotes.
pub(super) struct CreateQuotes;

impl MigrationName for CreateQuotes {
    fn name(&self) -> &str {
        "m0102_quotes"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateQuotes {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_quote(manager).await?;
        index_quote(manager).await?;
        create_revision(manager).await?;
        create_decision(manager).await?;
        create_reassignment(manager).await?;
        refuse_updates(manager, &["quote_decision"]).await
    }
}

async fn create_quote(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use quote::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::QuoteId))
        .col(uuid(Column::CustomerId))
        .col(text(Column::Customer))
        .col(uuid_null(Column::OpportunityId))
        .col(text(Column::Title))
        .col(text(Column::Currency))
        .col(big_integer(Column::Net))
        .col(big_integer(Column::Tax))
        .col(big_integer(Column::Revision))
        .col(binary(Column::ContentHash))
        .col(binary_null(Column::ApprovedHash))
        .col(big_integer_null(Column::ApprovedRevision))
        .col(big_integer_null(Column::ExpireTime))
        .col(small_integer(Column::State))
        .col(text(Column::Owner))
        .col(text_null(Column::Submitter))
        .col(big_integer_null(Column::SubmitTime))
        .col(big_integer(Column::Submission))
        .col(big_integer(Column::PolicyVersion))
        .col(small_integer_null(Column::PendingLevel))
        .col(small_integer_null(Column::AskedLevel))
        .col(big_integer_null(Column::EscalateTime))
        .col(small_integer_null(Column::SendChannel))
        .col(big_integer_null(Column::SendTime))
        .col(text_null(Column::RejectReason))
        .col(uuid_null(Column::SuccessorId))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(Index::create().col(Column::TenantId).col(Column::QuoteId))
        .to_owned();
    manager.create_table(table).await
}

/// One for each field of `ListQuotes`, and those by which time finds what it ends.
async fn index_quote(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use quote::{Column, Entity};
    for (name, column) in [
        ("quote_by_customer", Column::CustomerId),
        ("quote_by_owner", Column::Owner),
        ("quote_by_state", Column::State),
    ] {
        let by = [Column::TenantId, column, Column::QuoteId];
        manager.create_index(index(name, Entity, by)).await?;
    }
    for (name, column) in [
        ("quote_by_opportunity", Column::OpportunityId),
        ("quote_by_asked_level", Column::AskedLevel),
    ] {
        let mut by = index(name, Entity, [Column::TenantId, column, Column::QuoteId]);
        by.and_where(Expr::col(column).is_not_null());
        manager.create_index(by).await?;
    }
    let mut escalates = index("quote_escalates", Entity, [Column::EscalateTime]);
    escalates.and_where(Expr::col(Column::EscalateTime).is_not_null());
    manager.create_index(escalates).await?;
    let mut expires = index("quote_expires", Entity, [Column::ExpireTime]);
    // Only those that can still expire; SENT is the last of them.
    expires
        .and_where(Expr::col(Column::ExpireTime).is_not_null())
        .and_where(Expr::col(Column::State).lte(QuoteState::Sent.code()));
    manager.create_index(expires).await
}

async fn create_revision(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use quote_revision::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::QuoteId)
        .col(Column::Revision)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::QuoteId))
        .col(big_integer(Column::Revision))
        .col(binary(Column::Document))
        .col(text(Column::Author))
        .col(json_binary(Column::NeededLevels))
        .col(big_integer(Column::PolicyVersion))
        .col(big_integer_null(Column::ApprovedBy))
        .col(big_integer(Column::CreateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn create_decision(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use quote_decision::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::QuoteId)
        .col(Column::Revision)
        .col(Column::DecisionId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::QuoteId))
        .col(big_integer(Column::Revision))
        .col(uuid(Column::DecisionId))
        .col(big_integer(Column::Submission))
        .col(small_integer(Column::Level))
        .col(small_integer(Column::Outcome))
        .col(text(Column::Approver))
        .col(text_null(Column::OnBehalfOf))
        .col(uuid(Column::GrantId))
        .col(binary(Column::ContentHash))
        .col(text_null(Column::Comment))
        .col(big_integer(Column::DecideTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

async fn create_reassignment(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use quote_reassignment::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::MergeId)
        .col(Column::QuoteId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::MergeId))
        .col(uuid(Column::QuoteId))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}
