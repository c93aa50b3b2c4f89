//! `InteractionService`.

use std::sync::LazyLock;

use rapport_platform::error::PlatformError;
use rapport_platform::filter::FilterSchema;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;

use super::Shared;
use super::convert::interaction as convert;
use super::message::send;
use crate::domain::channel::{Channel, Purpose};
use crate::domain::interaction::{Direction, NewInteraction, Outcome};
use crate::error::{Error, faults_of};
use crate::events;
use crate::resource::{CUSTOMER, INTERACTION};
use crate::store::entity::interaction::{Column, Model};
use crate::store::identity::group::{self, Group};
use crate::store::interaction::{self, Timeline};
use crate::store::{contact_point, conversation};
use rapport_platform::db::place::{Order, Place};
use rapport_platform::link::Link;

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 1_000,
};

/// What timelines can be filtered by.
static FILTER: LazyLock<FilterSchema> = LazyLock::new(|| {
    FilterSchema::new()
        .enumeration(
            "channel",
            Column::Channel,
            labels(Channel::ALL, Channel::label, Channel::number),
        )
        .enumeration(
            "direction",
            Column::Direction,
            labels(Direction::ALL, Direction::label, Direction::number),
        )
        .enumeration(
            "purpose",
            Column::Purpose,
            labels(Purpose::ALL, Purpose::label, Purpose::number),
        )
        .enumeration(
            "outcome",
            Column::Outcome,
            labels(Outcome::ALL, Outcome::label, Outcome::number),
        )
        .text("agent", Column::Agent)
        .timestamp("occur_time", Column::OccurTime)
});

fn labels<T: Copy>(
    all: &'static [T],
    label: impl Fn(T) -> &'static str,
    number: impl Fn(T) -> i32,
) -> impl Iterator<Item = (&'static str, i32)> {
    all.iter().map(move |&value| (label(value), number(value)))
}

/// The contact repository.
pub(crate) struct Interactions(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.InteractionService" for Interactions {
        log_interaction(proto::LogInteractionRequest) -> proto::Interaction = log;
        get_interaction(proto::GetInteractionRequest) -> proto::Interaction = get;
        list_interactions(proto::ListInteractionsRequest) -> proto::ListInteractionsResponse = list;
        list_linked_interactions(proto::ListLinkedInteractionsRequest)
            -> proto::ListLinkedInteractionsResponse = list_linked;
        send_message(proto::SendMessageRequest) -> proto::Interaction = send;
    }
}

impl Interactions {
    async fn send(
        &self,
        ctx: Context,
        request: proto::SendMessageRequest,
    ) -> Result<proto::Interaction, Error> {
        send(&self.0, ctx, request).await
    }

    async fn log(
        &self,
        ctx: Context,
        request: proto::LogInteractionRequest,
    ) -> Result<proto::Interaction, Error> {
        let [customer_id] = CUSTOMER.parse("parent", &request.parent)?;
        let sent = request
            .interaction
            .as_ref()
            .ok_or_else(|| Error::missing("interaction"))?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let group = group::of_live(ctx, &*txn, customer_id).await?;
                let new = &convert::parse(ctx, &group.members(), sent)
                    .map_err(faults_of("interaction"))?;
                if let Some(id) = new.contact_point() {
                    contact_point::get(ctx, &*txn, [group.id(), id]).await?;
                }
                let interaction = convert::to_proto(append(ctx, &txn, &group, new).await?);
                outbox::append(&txn, ctx, &[events::interaction_appended(&interaction)]).await?;
                Ok(interaction)
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetInteractionRequest,
    ) -> Result<proto::Interaction, Error> {
        let ids = INTERACTION.parse("name", &request.name)?;
        Ok(convert::to_proto(
            interaction::get(&ctx, self.0.db.read(), ids).await?,
        ))
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListInteractionsRequest,
    ) -> Result<proto::ListInteractionsResponse, Error> {
        let proto::ListInteractionsRequest {
            parent,
            page_size,
            page_token,
            filter,
            order_by,
        } = request;
        let [customer_id] = CUSTOMER.parse("parent", &parent)?;
        let order = order(&order_by)?;
        let list = ListRequest {
            method: "rapport.customer.v1.InteractionService/ListInteractions",
            query: Fingerprint::of(&[&parent, &filter, &order_by]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let mut part = Timeline {
            members: vec![customer_id],
            filter: FILTER.parse(self.0.db.backend(), &filter)?,
            order,
            after: page.after,
            limit: page.limit(),
        };
        let db = self.0.db.read();
        // Side by side: nearly always the customer is one record, and its rows are the page.
        let alone = async { Ok(interaction::timeline(&ctx, db, &part).await?) };
        let (group, mut rows) = tokio::try_join!(group::of(&ctx, db, customer_id), alone)?;
        let members = group.members();
        if members != part.members {
            part.members = members;
            rows = interaction::timeline(&ctx, db, &part).await?;
        }
        let (rows, next_page_token) = page.finish(rows, place)?;
        let interactions = convert::all_to_proto(rows);
        Ok(proto::ListInteractionsResponse {
            interactions,
            next_page_token,
        })
    }

    async fn list_linked(
        &self,
        ctx: Context,
        request: proto::ListLinkedInteractionsRequest,
    ) -> Result<proto::ListLinkedInteractionsResponse, Error> {
        let proto::ListLinkedInteractionsRequest {
            resource,
            page_size,
            page_token,
        } = request;
        let link = Link::parse(&resource).map_err(faults_of("resource"))?;
        let list = ListRequest {
            method: "rapport.customer.v1.InteractionService/ListLinkedInteractions",
            query: Fingerprint::of(&[link.as_str()]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let db = self.0.db.read();
        let rows = interaction::linked(&ctx, db, link.as_str(), page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, place)?;
        let interactions = convert::all_to_proto(rows);
        Ok(proto::ListLinkedInteractionsResponse {
            interactions,
            next_page_token,
        })
    }
}

/// Appends a contact to the repository and to its conversation. It is kept with the record that
/// has the conversation, so that a thread stays whole when the customer's merge is undone.
pub(super) async fn append(
    ctx: &Context,
    txn: &DatabaseTransaction,
    group: &Group,
    new: &NewInteraction,
) -> Result<Model, Error> {
    let kept_with = match new.conversation() {
        Some(id) if !group.others.is_empty() => {
            conversation::get(ctx, txn, [group.id(), id])
                .await?
                .customer_id
        }
        _ => group.id(),
    };
    let row = interaction::new_row(ctx, kept_with, new);
    if interaction::append(ctx, txn, std::slice::from_ref(&row))
        .await?
        .is_empty()
    {
        return Err(logged_before(ctx, txn, &row).await?);
    }
    conversation::note(ctx, txn, &row).await?;
    Ok(row)
}

/// Names the interaction that has the row's external id.
async fn logged_before(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: &Model,
) -> Result<Error, Error> {
    let (Some(system), Some(id)) = (&row.external_system, &row.external_id) else {
        return Ok(PlatformError::Conflict.into());
    };
    let known = interaction::known_as(ctx, txn, system, id).await?;
    // Gone again since: the work runs once more.
    let known = known.ok_or(PlatformError::Conflict)?;
    let name = INTERACTION.format(&[known.customer_id, known.interaction_id]);
    Ok(PlatformError::AlreadyExists(name).into())
}

fn place(row: &Model) -> Place {
    Place {
        time: row.occur_time,
        id: row.interaction_id,
    }
}

fn order(order_by: &str) -> Result<Order, Error> {
    match order_by {
        "" | "occur_time desc" => Ok(Order::LatestFirst),
        "occur_time" => Ok(Order::OldestFirst),
        _ => Err(Error::invalid(
            "order_by",
            "must be `occur_time` or `occur_time desc`",
        )),
    }
}
