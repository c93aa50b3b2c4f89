//! What was decided reaches the customer, and what she says to it.

use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::text::{line, optional_passage};
use rapport_proto::rapport::customer::v1::OutboundMessage;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::r#type::v1::{Channel, Purpose};
use uuid::Uuid;

use super::Suggestions;
use super::decide::{open_products, told_to};
use crate::customers::Known;
use crate::domain::suggestion::SuggestionOutcome;
use crate::error::{Error, faults_of};
use crate::events::suggestion as events;
use crate::grpc::convert::suggestion as convert;
use crate::resource::{CONTACT_POINT, CUSTOMER, PRODUCT, SUGGESTION_DECISION};
use crate::store::entity::suggestion_decision::Model;
use crate::store::entity::suggestion_response as response;
use crate::store::suggestion;

/// Longest subject, in characters.
const MAX_SUBJECT: usize = 500;
/// Longest message, in characters.
const MAX_MESSAGE: usize = 10_000;
/// Longest reason, in characters.
const MAX_REASON: usize = 1_000;
/// Most resources that a message may be linked to.
const MOST_LINKS: usize = 20;

impl Suggestions {
    pub(super) async fn present(
        &self,
        ctx: Context,
        request: proto::PresentSuggestionsRequest,
    ) -> Result<proto::SuggestionDecision, Error> {
        let [customer] = CUSTOMER.parse("customer", &request.customer)?;
        let [id] = SUGGESTION_DECISION.parse("name", &request.name)?;
        let channel = Channel::try_from(request.channel).ok();
        let channel = channel.filter(|it| *it != Channel::Unspecified);
        let channel = channel.ok_or_else(|| Error::missing("channel"))?;
        let channel = i16::try_from(i32::from(channel)).unwrap_or_default();
        // The gateway lets no such call through without one.
        let permit = ctx.permit.ok_or_else(|| {
            PlatformError::internal("presenting suggestions", "the call has no contact permit")
        })?;
        let permit = format!("{}/contactPermits/{permit}", request.customer);
        if !request.contact_point.is_empty() {
            CONTACT_POINT.parse("contact_point", &request.contact_point)?;
        }
        let subject = line(&request.subject, MAX_SUBJECT).map_err(faults_of("subject"))?;
        let message = optional_passage(&request.message, MAX_MESSAGE);
        let message = message.map_err(faults_of("message"))?;
        let of = suggestion::get(&ctx, self.0.db.read(), id).await?;
        let both = [customer, of.customer_id];
        let known = &self.0.customers.known(&ctx, &both).await?;
        if now(known, customer) != now(known, of.customer_id) {
            let why = "is not the decision's: name that one";
            return Err(Error::invalid("customer", why));
        }
        let outgoing = &OutboundMessage {
            customer: request.customer.clone(),
            channel: request.channel,
            purpose: Purpose::Sales.into(),
            contact_point: request.contact_point.clone(),
            contact_permit: permit,
            subject,
            body: message.unwrap_or_default(),
            ..Default::default()
        };
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let row = suggestion::get(ctx, &*txn, id).await?;
                if !suggestion::holds(&row, ctx.now) {
                    let why = "has expired: decide again.";
                    return Err(refused(&row, "EXPIRED", why));
                }
                let customer = now(known, row.customer_id);
                if customer != row.customer_id {
                    let about = (customer, row.situation.as_str());
                    if suggestion::latest(ctx, &*txn, about).await?.is_some() {
                        let why = "is of a customer who was merged into one with a decision of \
                                   her own for the situation: present that one.";
                        return Err(refused(&row, "SUPERSEDED", why));
                    }
                }
                let row = suggestion::write(
                    &txn,
                    Model {
                        present_channel: Some(channel),
                        present_time: Some(ctx.now),
                        ..row
                    },
                )
                .await?;
                let decision = told_to(ctx, &*txn, customer, row.clone()).await?;
                let open = open_products(ctx, &*txn, &decision).await?;
                if open.is_empty() {
                    let why = "suggests nothing that is still to be offered.";
                    return Err(refused(&row, "NOTHING_OPEN", why));
                }
                let message = filled(outgoing.clone(), &decision.name, &open);
                let permit = message.contact_permit.clone();
                let presented = events::presented(&decision, row.version, &permit);
                let message = events::message_submitted(message);
                outbox::append(&txn, ctx, &[presented, message]).await?;
                Ok(decision)
            })
            .await
    }

    pub(super) async fn respond(
        &self,
        ctx: Context,
        request: proto::RespondToSuggestionRequest,
    ) -> Result<proto::SuggestionResponse, Error> {
        let [id] = SUGGESTION_DECISION.parse("name", &request.name)?;
        let [product] = PRODUCT.parse("product", &request.product)?;
        let outcome = SuggestionOutcome::try_from(request.outcome);
        let outcome = outcome.map_err(faults_of("outcome"))?;
        let reason = optional_passage(&request.reason, MAX_REASON);
        let reason = &reason.map_err(faults_of("reason"))?;
        // Also a repeated request is answered after the decision is gone.
        let of = suggestion::get(&ctx, self.0.db.read(), id).await.ok();
        let of: Vec<Uuid> = of.into_iter().map(|it| it.customer_id).collect();
        let known = &self.0.customers.known(&ctx, &of).await?;
        let (ctx, named) = (&ctx, &request.product);
        self.0
            .once(ctx, &request, |txn| async move {
                let row = suggestion::get(ctx, &*txn, id).await?;
                let suggested = convert::suggestions(&row)?;
                if !suggested.iter().any(|it| it.product == *named) {
                    let why = "is not among the suggestions: name one that is";
                    return Err(Error::invalid("product", why));
                }
                let (policy, _) = suggestion::policy_in_force(ctx, &*txn).await?;
                let said = response::Model {
                    tenant_id: ctx.tenant,
                    response_id: new_id(),
                    customer_id: now(known, row.customer_id),
                    decision_id: id,
                    product_id: product,
                    situation: row.situation,
                    outcome: outcome.code(),
                    reason: reason.clone(),
                    author: ctx.actor.to_string(),
                    respond_time: ctx.now,
                    hold_until_time: ctx.now.saturating_add(policy.hold(outcome)),
                };
                suggestion::respond(ctx, &txn, &said).await?;
                let said = convert::response_to_proto(said);
                outbox::append(&txn, ctx, &[events::responded(&said)]).await?;
                Ok(said)
            })
            .await
    }
}

/// The customer of whom this one is part now.
fn now(known: &Known, customer: Uuid) -> Uuid {
    known.get(&customer).copied().unwrap_or(customer)
}

/// The message about these products.
fn filled(
    mut message: OutboundMessage,
    decision: &str,
    open: &[(String, String)],
) -> OutboundMessage {
    let (names, called): (Vec<_>, Vec<_>) = open.iter().cloned().unzip();
    if message.body.is_empty() {
        message.body = called.join("\n");
    }
    let links = std::iter::once(decision.to_owned()).chain(names);
    message.links = links.take(MOST_LINKS).collect();
    message
}

fn refused(row: &Model, state: &'static str, why: &'static str) -> Error {
    Error::InvalidState {
        resource: SUGGESTION_DECISION.format(&[row.decision_id]),
        state,
        why,
    }
}
