//! `InteractionService.SendMessage`: contacts a customer, if the customer lets us.

use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::Shared;
use super::convert::contact_point as convert_point;
use super::convert::interaction as convert;
use super::interaction::append;
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact_point::{ContactPoint, best_for, reachable};
use crate::domain::preferences::{ContactRefusal, Decision};
use crate::error::Error;
use crate::events;
use crate::resource::{self, CONTACT_POINT, CUSTOMER};
use crate::store::entity::contact_point::Model;
use crate::store::identity::group::{self, Group};
use crate::store::{contact_point, preference};

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
            let outreach = Outreach {
                group: &group,
                channel: message.channel(),
                purpose,
            };
            let point = outreach.address(ctx, &txn, message.contact_point()).await?;
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

/// A contact that the company wants to make.
struct Outreach<'a> {
    group: &'a Group,
    channel: Channel,
    purpose: Purpose,
}

impl Outreach<'_> {
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
        preference::hold(ctx, txn, self.group.id()).await?;
        if self.group.root.delete_time.is_some() {
            return Err(Error::Deleted(resource::customer(self.group.id())));
        }
        let preferences = preference::of_group(ctx, txn, self.group).await?;
        let rows = contact_point::all(ctx, txn, &self.group.members()).await?;
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
            return Err(Error::not_found(
                CONTACT_POINT.format(&[self.group.id(), id]),
            ));
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
            customer: resource::customer(self.group.id()),
            channel: self.channel,
            purpose: self.purpose,
            refusal,
            open_channels: decision.open_channels().to_vec(),
        }
    }
}
