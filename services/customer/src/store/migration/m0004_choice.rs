//! What decides whether customers may be contacted: policies, consents, suppressed addresses, and
//! the leave that was granted.

use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, boolean, integer, small_integer,
    small_integer_null, text, text_null, uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::{clustered, index, refuse_updates};
use crate::store::entity::{
    consent_event, contact_clearance, contact_permit, contact_policy, contact_times, suppression,
};

/// Creates the tables of the customers' choice.
pub(super) struct CreateChoice;

impl MigrationName for CreateChoice {
    fn name(&self) -> &str {
        "m0004_choice"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateChoice {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_contact_policy(manager).await?;
        create_contact_times(manager).await?;
        create_consent_event(manager).await?;
        create_suppression(manager).await?;
        create_contact_clearance(manager).await?;
        create_contact_permit(manager).await?;
        refuse_updates(manager, &["consent_event", "contact_policy"]).await
    }
}

async fn create_contact_policy(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use contact_policy::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(big_integer(Column::Version))
        .col(binary(Column::Document))
        .col(text(Column::Updater))
        .col(big_integer(Column::UpdateTime))
        .primary_key(Index::create().col(Column::TenantId).col(Column::Version))
        .to_owned();
    manager.create_table(table).await
}

async fn create_contact_times(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use contact_times::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(binary(Column::Document))
        .col(text(Column::Recorder))
        .col(big_integer(Column::RecordTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::CustomerId),
        )
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

async fn create_consent_event(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use consent_event::{Column, Entity};
    let key = Index::create()
        .col(Column::TenantId)
        .col(Column::CustomerId)
        .col(Column::ConsentEventId)
        .to_owned();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(uuid(Column::ConsentEventId))
        .col(small_integer_null(Column::Channel))
        .col(uuid_null(Column::ContactPointId))
        .col(small_integer_null(Column::Purpose))
        .col(text_null(Column::Topic))
        .col(small_integer(Column::Status))
        .col(small_integer(Column::LegalBasis))
        .col(text(Column::Source))
        .col(binary_null(Column::EvidenceHash))
        .col(text_null(Column::Note))
        .col(big_integer(Column::CaptureTime))
        .col(boolean(Column::AwaitsConfirmation))
        .col(big_integer_null(Column::DoubleOptInTime))
        .col(big_integer(Column::EffectiveTime))
        .col(big_integer_null(Column::ExpireTime))
        .col(text(Column::Recorder))
        .col(big_integer(Column::RecordTime))
        .primary_key(&mut key.clone())
        .to_owned();
    manager.create_table(table).await
}

async fn create_suppression(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use suppression::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::SuppressionId))
        .col(binary(Column::AddressDigest))
        .col(small_integer(Column::Reason))
        .col(small_integer(Column::Purposes))
        .col(text_null(Column::Note))
        .col(text(Column::Recorder))
        .col(big_integer(Column::CreateTime))
        .col(text_null(Column::Lifter))
        .col(text_null(Column::LiftReason))
        .col(big_integer_null(Column::LiftTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::SuppressionId),
        )
        .to_owned();
    manager.create_table(table).await?;

    let in_force = [
        Column::TenantId,
        Column::AddressDigest,
        Column::Reason,
        Column::Purposes,
    ];
    let mut in_force = index("suppression_in_force", Entity, in_force);
    in_force.unique();
    in_force.and_where(Expr::col(Column::LiftTime).is_null());
    manager.create_index(in_force).await
}

async fn create_contact_clearance(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use contact_clearance::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(big_integer(Column::Open))
        .col(big_integer(Column::FromTime))
        .col(big_integer(Column::UntilTime))
        .col(integer(Column::Spare))
        .col(big_integer(Column::PolicyVersion))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::CustomerId),
        )
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

async fn create_contact_permit(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use contact_permit::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(uuid(Column::ContactPermitId))
        .col(small_integer(Column::Channel))
        .col(small_integer(Column::Purpose))
        .col(text_null(Column::Topic))
        .col(text_null(Column::Campaign))
        .col(uuid_null(Column::ContactPointId))
        .col(small_integer(Column::State))
        .col(big_integer(Column::ReserveTime))
        .col(big_integer(Column::ExpireTime))
        .col(big_integer_null(Column::SettleTime))
        .col(big_integer_null(Column::ContactTime))
        .col(big_integer(Column::PolicyVersion))
        .col(text(Column::Holder))
        .col(integer(Column::Refusals))
        .col(uuid_null(Column::RequestId))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::CustomerId)
                .col(Column::ContactPermitId),
        )
        .to_owned();
    manager.create_table(table).await?;

    let mut once = index(
        "contact_permit_request",
        Entity,
        [Column::TenantId, Column::RequestId],
    );
    once.unique();
    once.and_where(Expr::col(Column::RequestId).is_not_null());
    manager.create_index(once).await?;

    // Cleared by them. A contact in delivery is among the first until it is made.
    let mut unmade = index("contact_permit_unmade", Entity, [Column::ExpireTime]);
    unmade.and_where(Expr::col(Column::ContactTime).is_null());
    manager.create_index(unmade).await?;
    let mut made = index("contact_permit_made", Entity, [Column::ContactTime]);
    made.and_where(Expr::col(Column::ContactTime).is_not_null());
    manager.create_index(made).await
}
