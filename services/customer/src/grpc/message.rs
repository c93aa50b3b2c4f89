//! `InteractionService.SendMessage`: contacts a customer, if the customer lets us; and messages that
//! other services hand over.

use std::borrow::Cow;

use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::convert::contact_point as convert_point;
use super::convert::interaction as convert;
use super::convert::template::customer_fields;
use super::interaction::append;
use super::{Shared, permit};
use crate::delivery::{Outbound, end};
use crate::domain::attachment::Attachment;
use crate::domain::channel::{Channel, ChannelSet};
use crate::domain::contact::decision::Contact;
use crate::domain::delivery::{DeliveryState, MailServer};
use crate::domain::interaction::NewInteraction;
use crate::error::{Error, faults_of};
use crate::events;
use crate::resource::{self, CONTACT_PERMIT, CUSTOMER};
use crate::store::contact_point;
use crate::store::delivery::{self, attachment, route};
use crate::store::entity::contact_permit;
use crate::store::entity::delivery::Model as Delivery;
use crate::store::identity::group::{self, Group};
use crate::store::{customer, template};

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
    let (ctx, request) = (&ctx, &request);
    let kind = permit::kind(
        request.channel,
        request.purpose,
        &request.topic,
        &request.campaign,
    );
    let kind = &kind.map_err(|faults| faults.at(""))?;
    let channel = kind.channel;
    shared
        .once(ctx, request, |txn| async move {
            let group = group::of(ctx, &*txn, customer).await?;
            let Filled { request, html } =
                filled_in(ctx, &txn, (group.id(), channel), request).await?;
            let message = convert::parse_message(ctx, &group.members(), &request)
                .map_err(|faults| faults.at(""))?;
            let contact = &Contact {
                contact_point: message.contact_point(),
                ..kind.clone()
            };
            given_address(ctx, &txn, &group, contact).await?;
            let taken = permit::take(&shared.policies, ctx, &txn, &group, contact).await?;
            let way = (&taken.permit, taken.contact_point);
            let mail = shared.outbound.mail;
            let queued = queue(ctx, &txn, &group, (message, html), (way, mail)).await?;
            Ok(queued.interaction)
        })
        .await
}

/// A message that waits to be delivered.
struct Queued {
    interaction: proto::Interaction,
    delivery: Delivery,
}

/// Appends a message to the customer's timeline and queues its delivery.
async fn queue(
    ctx: &Context,
    txn: &DatabaseTransaction,
    group: &Group,
    (message, html): (NewInteraction, Option<String>),
    ((permit, point), mail): ((&contact_permit::Model, Option<Uuid>), MailServer),
) -> Result<Queued, Error> {
    let point = match point {
        Some(id) => Some(contact_point::get(ctx, txn, [group.id(), id]).await?),
        None => None,
    };
    let message = match &point {
        Some(point) => message.by_way_of(point.contact_point_id),
        None => message,
    };
    let channel = message.channel();
    let row = append(ctx, txn, group, &message).await?;
    let route = route::find(ctx, txn, channel).await?;
    let connector = route::connector(route.as_ref(), channel, mail)?;
    let delivery = delivery::queue(ctx, txn, (&row, html), (permit, connector)).await?;
    let interaction = convert::to_proto(row);
    let point = point.map(convert_point::to_proto).transpose()?;
    let queued = events::message_queued(&interaction, point);
    let events = [events::interaction_appended(&interaction), queued];
    outbox::append(txn, ctx, &events).await?;
    Ok(Queued {
        interaction,
        delivery,
    })
}

/// Takes over a message that another service hands over, to be delivered once.
///
/// # Errors
/// `Invalid` for the message; `NotFound` or `Deleted` for the customer.
pub(crate) async fn take_over(
    outbound: &Outbound,
    ctx: &Context,
    txn: &DatabaseTransaction,
    message: proto::OutboundMessage,
) -> Result<(), Error> {
    let proto::OutboundMessage {
        customer,
        channel,
        purpose,
        contact_point,
        contact_permit,
        subject,
        body,
        attachments,
        links,
    } = message;
    let [id] = CUSTOMER.parse("customer", &customer)?;
    let [_, permit] = CONTACT_PERMIT.parse("contact_permit", &contact_permit)?;
    let attachments = attachments.into_iter();
    let attachments = attachments.map(|it| (it.file_name, it.media_type, it.content));
    let attachments = Attachment::parse_all(attachments).map_err(faults_of("attachments"))?;
    let group = group::of(ctx, txn, id).await?;
    let kind = permit::kind(channel, purpose, "", "").map_err(|faults| faults.at(""))?;
    let request = proto::SendMessageRequest {
        customer,
        channel,
        purpose,
        subject,
        body,
        contact_point,
        links,
        ..Default::default()
    };
    let message = convert::parse_message(ctx, &group.members(), &request);
    let message = message.map_err(|faults| faults.at(""))?;
    let contact = Contact {
        contact_point: message.contact_point(),
        ..kind
    };
    let asked = (&contact, permit);
    let taken = permit::take_over(&outbound.policies, ctx, txn, &group, asked).await?;
    let way = (&taken.permit, taken.contact_point);
    let queued = queue(ctx, txn, &group, (message, None), (way, outbound.mail)).await?;
    attachment::keep(ctx, txn, &queued.delivery, &attachments).await?;
    if !taken.refusals.is_empty() {
        let row = Delivery {
            refusals: delivery::refusal_bits(&taken.refusals),
            ..queued.delivery
        };
        end(outbound, ctx, txn, row, DeliveryState::Refused).await?;
    }
    Ok(())
}

/// A message whose text is known.
struct Filled<'r> {
    request: Cow<'r, proto::SendMessageRequest>,
    html: Option<String>,
}

/// The message as it was written, or as its template says it.
async fn filled_in<'r>(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (customer, channel): (Uuid, Channel),
    request: &'r proto::SendMessageRequest,
) -> Result<Filled<'r>, Error> {
    if request.template.is_empty() {
        if !request.merge_fields.is_empty() {
            return Err(Error::invalid("merge_fields", "need a template: name it"));
        }
        return Ok(Filled {
            request: Cow::Borrowed(request),
            html: None,
        });
    }
    for (field, text) in [("subject", &request.subject), ("body", &request.body)] {
        if !text.is_empty() {
            return Err(Error::invalid(
                field,
                "is the template's to say: leave it out",
            ));
        }
    }
    let id = resource::template_id("template", &request.template)?;
    let template = template::from_row(&template::get(ctx, txn, &id).await?)?;
    if template.channel() != channel {
        let why = format!("is written for {}: choose another", template.channel());
        return Err(Error::invalid("template", why));
    }
    let customer = customer::get(ctx, txn, customer).await?;
    let rendered = template
        .render(&request.merge_fields, &customer_fields(&customer)?)
        .map_err(|faults| faults.at(""))?;
    let request = proto::SendMessageRequest {
        subject: rendered.subject,
        body: rendered.text,
        ..request.clone()
    };
    Ok(Filled {
        request: Cow::Owned(request),
        html: rendered.html,
    })
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
