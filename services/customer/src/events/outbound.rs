//! Takes over the messages that other services hand over to be delivered.

use prost::Name as _;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_platform::outbox::{Consumer, Event, HandleError};
use rapport_proto::rapport::sales::v1 as sales;
use sea_orm::DatabaseTransaction;

use crate::delivery::Outbound;
use crate::error::Error;
use crate::grpc::message::take_over;

/// Reacts to the events by which services hand messages over. The inbox makes one delivery of
/// each, however often it comes.
pub(crate) struct OutboundConsumer(pub(crate) Outbound);

#[tonic::async_trait]
impl Consumer for OutboundConsumer {
    fn name(&self) -> &'static str {
        "customer-messages"
    }

    fn kinds(&self) -> Vec<String> {
        vec![
            sales::QuoteMessageSubmitted::full_name(),
            sales::SuggestionMessageSubmitted::full_name(),
        ]
    }

    async fn handle(
        &self,
        txn: &DatabaseTransaction,
        ctx: &Context,
        event: &Event,
    ) -> Result<(), HandleError> {
        let message = if event.kind == sales::QuoteMessageSubmitted::full_name() {
            event.fact::<sales::QuoteMessageSubmitted>()?.message
        } else {
            event.fact::<sales::SuggestionMessageSubmitted>()?.message
        };
        let message = message.unwrap_or_default();
        // Whoever sent it talks to the customer, not this consumer.
        let ctx = Context {
            actor: event.actor.clone(),
            ..ctx.clone()
        };
        let taken = take_over(&self.0, &ctx, txn, message).await;
        taken.map_err(|error| match error {
            Error::Platform(PlatformError::NotFound(_)) | Error::Deleted(_) => {
                HandleError::Rejected("CUSTOMER_GONE")
            }
            Error::Platform(PlatformError::Invalid(_)) => HandleError::Rejected("MESSAGE_INVALID"),
            Error::Platform(error) => HandleError::Failed(error),
            _ => HandleError::Rejected("MESSAGE_UNDELIVERABLE"),
        })
    }
}
