//! `InteractionService.SendMessage`: contacts a customer, if the customer lets us.

use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;

use super::convert::contact_point as convert_point;
use super::convert::interaction as convert;
use super::interaction::append;
use super::{Shared, permit};
use crate::domain::channel::{ChannelSet, Purpose};
use crate::domain::contact::decision::Contact;
use crate::error::Error;
use crate::events;
use crate::resource::CUSTOMER;
use crate::store::contact_point;
use crate::store::identity::group::{self, Group};

/// Hands a message over for delivery.
///
/// The gateway asked before it let the call through, but the customer may have refused since:
/// what counts is decided here, in the transaction that appends the message, and holds until
/// that has committed.
pub(super) async fn send(
    shared: &Shared,
    ctx: Context,
    request: proto::SendMessageRequest,
) -> Result<proto::Interaction, Error> {
    let [customer] = CUSTOMER.parse("customer", &request.customer)?;
    let ctx = &ctx;
    let purpose = Purpose::try_from(request.purpose).map_err(|fault| fault.at("purpose"))?;
    let request = &request;
    shared
        .once(ctx, request, |txn| async move {
            let group = group::of(ctx, &*txn, customer).await?;
            let message = convert::parse_message(ctx, &group.members(), request)
                .map_err(|faults| faults.at(""))?;
            let contact = &Contact {
                channel: message.channel(),
                purpose,
                topic: None,
                campaign: None,
                contact_point: message.contact_point(),
            };
            given_address(ctx, &txn, &group, contact).await?;
            let taken = permit::take(shared, ctx, &txn, &group, contact).await?;
            let point = match taken.contact_point {
                Some(id) => Some(contact_point::get(ctx, &*txn, [group.id(), id]).await?),
                None => None,
            };
            let message = match &point {
                Some(point) => message.by_way_of(point.contact_point_id),
                None => message,
            };
            let interaction = append(ctx, &txn, &group, &message).await?;
            let point = point.map(convert_point::to_proto).transpose()?;
            let queued = events::message_queued(&interaction, point);
            let events = [events::interaction_appended(&interaction), queued];
            outbox::append(&txn, ctx, &events).await?;
            Ok(interaction)
        })
        .await
}

/// Refuses an address that the caller chose and that is not the customer's, or does not serve the
/// channel: that is a mistake of his, not the customer's choice.
async fn given_address(
    ctx: &Context,
    txn: &DatabaseTransaction,
    group: &Group,
    contact: &Contact,
) -> Result<(), Error> {
    let Some(id) = contact.contact_point else {
        return Ok(());
    };
    let row = contact_point::get(ctx, txn, [group.id(), id]).await?;
    if ChannelSet::from_bits(row.channels).contains(contact.channel) {
        return Ok(());
    }
    let why = format!(
        "does not serve {}: name one that does, or none for the best",
        contact.channel
    );
    Err(Error::invalid("contact_point", why))
}
