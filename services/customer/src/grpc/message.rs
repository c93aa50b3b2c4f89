//! `InteractionService.SendMessage`: contacts a customer, if the customer lets us.

use std::borrow::Cow;

use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::Shared;
use super::convert::contact_point as convert_point;
use super::convert::interaction as convert;
use super::convert::template::customer_fields;
use super::interaction::append;
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact_point::{ContactPoint, best_for, reachable};
use crate::domain::preferences::{ContactRefusal, Decision};
use crate::error::Error;
use crate::events;
use crate::resource::{self, CONTACT_POINT, CUSTOMER};
use crate::store::delivery::{self, route};
use crate::store::entity::contact_point::Model;
use crate::store::standing::Standing;
use crate::store::{contact_point, customer, preference, standing, template};

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
    let channel = Channel::try_from(request.channel).map_err(|fault| fault.at("channel"))?;
    let purpose = Purpose::try_from(request.purpose).map_err(|fault| fault.at("purpose"))?;
    let outreach = &Outreach {
        customer,
        channel,
        purpose,
    };
    let (ctx, request) = (&ctx, &request);
    shared
        .once(ctx, request, |txn| async move {
            let Filled { request, html } = filled_in(ctx, &txn, outreach, request).await?;
            let message =
                convert::parse_message(ctx, customer, &request).map_err(|faults| faults.at(""))?;
            let point = outreach.address(ctx, &txn, message.contact_point()).await?;
            let message = match &point {
                Some(point) => message.by_way_of(point.contact_point_id),
                None => message,
            };
            let row = append(ctx, &txn, customer, &message).await?;
            let route = route::find(ctx, &*txn, channel).await?;
            let connector = route::connector(route.as_ref(), channel, shared.outbound.mail)?;
            delivery::queue(ctx, &txn, &row, html, connector).await?;
            let interaction = convert::to_proto(row);
            let point = point.map(convert_point::to_proto).transpose()?;
            let queued = events::message_queued(&interaction, point);
            let events = [events::interaction_appended(&interaction), queued];
            outbox::append(&txn, ctx, &events).await?;
            Ok(interaction)
        })
        .await
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
    outreach: &Outreach,
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
    if template.channel() != outreach.channel {
        let why = format!("is written for {}: choose another", template.channel());
        return Err(Error::invalid("template", why));
    }
    let customer = customer::get(ctx, txn, outreach.customer).await?;
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

/// A contact that the company wants to make.
struct Outreach {
    customer: Uuid,
    channel: Channel,
    purpose: Purpose,
}

impl Outreach {
    /// The address to use, if the channel needs one: `given`, or the best there is.
    ///
    /// # Errors
    /// `ContactRefused` when the customer does not want the contact or can't be reached.
    async fn address(
        &self,
        ctx: &Context,
        txn: &DatabaseTransaction,
        given: Option<Uuid>,
    ) -> Result<Option<Model>, Error> {
        preference::hold(ctx, txn, self.customer).await?;
        let Standing {
            deleted,
            preferences,
        } = standing::of(ctx, txn, self.customer).await?;
        if deleted {
            return Err(Error::Deleted(resource::customer(self.customer)));
        }
        let rows = contact_point::all(ctx, txn, self.customer).await?;
        let points = rows
            .iter()
            .map(contact_point::from_row)
            .collect::<Result<Vec<_>, _>>()?;
        let reachable = reachable(&points, ctx.now);
        let decision = preferences.decide(reachable, self.channel, self.purpose);
        if let Some(&refusal) = decision.refusals().first() {
            return Err(self.refused(refusal, &decision));
        }
        let chosen = match given {
            Some(id) => Some(self.given(ctx, &rows, &points, id, &decision)?),
            None => best_for(self.channel, &points, ctx.now)
                .and_then(|best| points.iter().position(|point| std::ptr::eq(point, best))),
        };
        Ok(chosen.and_then(|index| rows.into_iter().nth(index)))
    }

    /// Where the address that the caller chose is among the customer's.
    fn given(
        &self,
        ctx: &Context,
        rows: &[Model],
        points: &[ContactPoint],
        id: Uuid,
        decision: &Decision,
    ) -> Result<usize, Error> {
        let mut all = rows.iter().zip(points).enumerate();
        let Some((index, (_, point))) = all.find(|(_, (row, _))| row.contact_point_id == id) else {
            return Err(Error::not_found(CONTACT_POINT.format(&[self.customer, id])));
        };
        if !point.usage().channels().contains(self.channel) {
            let why = format!(
                "does not serve {}: name one that does, or none for the best",
                self.channel
            );
            return Err(Error::invalid("contact_point", why));
        }
        if !point.usable_at(ctx.now) {
            return Err(self.refused(ContactRefusal::NoUsableContactPoint, decision));
        }
        Ok(index)
    }

    fn refused(&self, refusal: ContactRefusal, decision: &Decision) -> Error {
        Error::ContactRefused {
            customer: resource::customer(self.customer),
            channel: self.channel,
            purpose: self.purpose,
            refusal,
            open_channels: decision.open_channels().to_vec(),
        }
    }
}
