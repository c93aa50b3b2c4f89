//! Moves customers to the stage that their behaviour shows.

use prost::Name as _;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_platform::outbox::{self, Consumer, Event, HandleError};
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::domain::lifecycle::{BehaviourKind, Transition};
use crate::error::Error;
use crate::events;
use crate::grpc::convert::lifecycle as convert;
use crate::resource::BEHAVIOUR_EVENT;
use crate::store::lifecycle::Cause;
use crate::store::{customer, lifecycle};

/// Reacts to `BehaviourRecorded`.
///
/// Recording answers at once and the stage follows: a call that only reports what was seen
/// does not compete for the customer's row.
pub(crate) struct LifecycleConsumer;

#[tonic::async_trait]
impl Consumer for LifecycleConsumer {
    fn name(&self) -> &'static str {
        "customer-lifecycle"
    }

    fn kinds(&self) -> Vec<String> {
        vec![proto::BehaviourRecorded::full_name()]
    }

    async fn handle(
        &self,
        txn: &DatabaseTransaction,
        ctx: &Context,
        event: &Event,
    ) -> Result<(), HandleError> {
        let fact: proto::BehaviourRecorded = event.fact()?;
        let behaviour = fact.behaviour_event.unwrap_or_default();
        let ids = BEHAVIOUR_EVENT.ids(&behaviour.name);
        let ids = ids.ok_or(HandleError::Rejected("BEHAVIOUR_UNNAMED"))?;
        let kind = BehaviourKind::try_from(behaviour.kind)
            .map_err(|_| HandleError::Rejected("BEHAVIOUR_UNKNOWN"))?;
        advance(ctx, txn, ids, kind)
            .await
            .map_err(|error| match error {
                Error::Platform(PlatformError::NotFound(_)) => {
                    HandleError::Rejected("CUSTOMER_UNKNOWN")
                }
                Error::Platform(error) => HandleError::Failed(error),
                _ => HandleError::Rejected("STAGE_UNCHANGEABLE"),
            })
    }
}

/// Moves the customer whose behaviour it was, if it shows another stage.
async fn advance(
    ctx: &Context,
    txn: &DatabaseTransaction,
    [customer_id, behaviour_event]: [Uuid; 2],
    behaviour: BehaviourKind,
) -> Result<(), Error> {
    let row = customer::get(ctx, txn, customer_id).await?;
    if row.delete_time.is_some() {
        return Ok(());
    }
    let Some(transition) = Transition::caused_by(behaviour, lifecycle::stage(&row)?) else {
        return Ok(());
    };
    let reason = &format!("observed {behaviour}");
    let cause = Cause {
        reason,
        behaviour_event: Some(behaviour_event),
    };
    let (moved, change) = lifecycle::enter(ctx, txn, row, transition, &cause).await?;
    let change = convert::stage_change(change);
    let changed = events::customer_stage_changed(moved.customer_id, change, moved.version);
    Ok(outbox::append(txn, ctx, &[changed]).await?)
}
