//! `ViewService`: what is known of a customer, in one call and a fixed number of statements,
//! however much there is. All of an answer is of one moment.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use rapport_platform::identity::Context;
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::{Condition, DatabaseTransaction};
use uuid::Uuid;

use super::convert::{
    contact_point as convert_point, conversation as convert_conversation,
    customer as convert_customer, interaction as convert_interaction,
    lifecycle as convert_lifecycle, preference as convert_preference, role as convert_role,
};
use super::{Shared, permit};
use crate::domain::hierarchy::Member;
use crate::domain::names::CustomerKind;
use crate::error::Error;
use crate::resource::CUSTOMER;
use crate::store::contact::times;
use crate::store::entity::{
    contact_point as point_row, conversation as conversation_row, customer as customer_row,
};
use crate::store::identity::group;
use crate::store::interaction::Timeline;
use crate::store::{
    contact_point, conversation, customer, interaction, lifecycle, preference, relatives, role,
};
use rapport_platform::db::place::Order;

/// Most contact points that a record of a customer can have; of one made of many, the best.
const ALL_CONTACT_POINTS: u64 = 100;

/// What `GetCustomerContext` answers at most.
mod in_context {
    pub(super) const CONTACT_POINTS: usize = 20;
    pub(super) const CONVERSATIONS: u64 = 5;
    pub(super) const INTERACTIONS_OF_EACH: u64 = 5;
    pub(super) const INTERACTIONS: u64 = 10;
}

/// What `GetCustomer360` answers at most.
mod in_360 {
    pub(super) const CONTACT_POINTS: u64 = 50;
    pub(super) const ROLES: u64 = 50;
    pub(super) const SUBSIDIARIES: u64 = 50;
    pub(super) const CONVERSATIONS: u64 = 20;
    pub(super) const INTERACTIONS: u64 = 20;
    pub(super) const STAGE_CHANGES: u64 = 10;
    pub(super) const BEHAVIOUR_EVENTS: u64 = 20;
}

/// Answers what there is to know of a customer.
pub(crate) struct Views(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.ViewService" for Views {
        get_customer_context(proto::GetCustomerContextRequest) -> proto::CustomerContext = context;
        get_customer360(proto::GetCustomer360Request) -> proto::Customer360 = full;
    }
}

impl Views {
    async fn context(
        &self,
        ctx: Context,
        request: proto::GetCustomerContextRequest,
    ) -> Result<proto::CustomerContext, Error> {
        let [id] = CUSTOMER.parse("customer", &request.customer)?;
        let reads = |db: Arc<_>| async move { self.context_of(&ctx, &db, id).await };
        self.0.db.read_txn(reads).await
    }

    async fn context_of(
        &self,
        ctx: &Context,
        db: &DatabaseTransaction,
        id: Uuid,
    ) -> Result<proto::CustomerContext, Error> {
        let customer = customer::get_record(ctx, db, id).await?;
        let group = group::with_members(ctx, db, customer.row.clone()).await?;
        let members = &group.members();
        let preferences = preference::of_group(ctx, db, &group).await?;
        let points = contact_point::list(ctx, db, members, None, ALL_CONTACT_POINTS).await?;
        let points = usable(ctx, points)?;
        let open_channels = permit::open_for_service(&self.0, ctx, db, group.id()).await?;
        let conversations = conversation::open(ctx, db, members, in_context::CONVERSATIONS).await?;
        Ok(proto::CustomerContext {
            customer: Some(convert_customer::to_proto(customer)?),
            preferences: convert_preference::entries(&preferences),
            contact_times: times::of_customer(ctx, db, group.id()).await?,
            open_channels: convert_preference::numbers(&open_channels),
            contact_points: points,
            open_conversations: with_latest(ctx, db, conversations).await?,
            recent_interactions: recent(ctx, db, members, in_context::INTERACTIONS).await?,
        })
    }

    async fn full(
        &self,
        ctx: Context,
        request: proto::GetCustomer360Request,
    ) -> Result<proto::Customer360, Error> {
        let [id] = CUSTOMER.parse("customer", &request.customer)?;
        let reads = |db: Arc<_>| async move { all_of(&ctx, &db, id).await };
        self.0.db.read_txn(reads).await
    }
}

/// All that is shown of a customer.
async fn all_of(
    ctx: &Context,
    db: &DatabaseTransaction,
    id: Uuid,
) -> Result<proto::Customer360, Error> {
    let group = group::of(ctx, db, id).await?;
    let members = &group.members();
    let member = customer::member(&group.root)?;
    let preferences = preference::of_group(ctx, db, &group).await?;
    let points = contact_point::list(ctx, db, members, None, in_360::CONTACT_POINTS).await?;
    let contact_times = times::of_customer(ctx, db, group.id()).await?;
    let roles = role::list(ctx, db, member.kind, members, None, in_360::ROLES).await?;
    let activity = interaction::activity(ctx, db, members).await?;
    let conversations = conversation::open(ctx, db, members, in_360::CONVERSATIONS).await?;
    let changes = lifecycle::changes(ctx, db, members, None, in_360::STAGE_CHANGES).await?;
    let behaviour = lifecycle::behaviour(ctx, db, members, None, in_360::BEHAVIOUR_EVENTS).await?;
    let recent = recent(ctx, db, members, in_360::INTERACTIONS).await?;
    let Family {
        customer,
        ancestors,
        subsidiaries,
    } = family(ctx, db, group.root, member).await?;
    Ok(proto::Customer360 {
        customer,
        preferences: convert_preference::entries(&preferences),
        contact_times,
        contact_points: points
            .into_iter()
            .map(convert_point::to_proto)
            .collect::<Result<_, _>>()?,
        roles: roles.into_iter().map(convert_role::to_proto).collect(),
        ancestors,
        subsidiaries,
        channel_activity: activity
            .into_iter()
            .map(convert_interaction::activity)
            .collect(),
        open_conversations: conversations
            .into_iter()
            .map(convert_conversation::to_proto)
            .collect(),
        recent_interactions: recent,
        stage_changes: changes
            .into_iter()
            .map(convert_lifecycle::stage_change)
            .collect(),
        behaviour_events: behaviour
            .into_iter()
            .map(convert_lifecycle::behaviour_event)
            .collect(),
    })
}

/// The contact points that may be used now, the best first, as what the next agent reads and
/// as what the rules judge.
fn usable(ctx: &Context, rows: Vec<point_row::Model>) -> Result<Vec<proto::ContactPoint>, Error> {
    let mut shown = Vec::new();
    for row in rows {
        let usable = contact_point::from_row(&row)?.usable_at(ctx.now);
        if usable && shown.len() < in_context::CONTACT_POINTS {
            shown.push(convert_point::to_proto(row)?);
        }
    }
    Ok(shown)
}

/// The latest interactions with a customer.
async fn recent(
    ctx: &Context,
    db: &DatabaseTransaction,
    members: &[Uuid],
    limit: u64,
) -> Result<Vec<proto::Interaction>, Error> {
    let filter = Condition::all();
    let latest = Timeline {
        members: members.to_vec(),
        filter,
        order: Order::LatestFirst,
        after: None,
        limit,
    };
    Ok(convert_interaction::all_to_proto(
        interaction::timeline(ctx, db, &latest).await?,
    ))
}

/// Conversations, each with what was said last.
async fn with_latest(
    ctx: &Context,
    db: &DatabaseTransaction,
    conversations: Vec<conversation_row::Model>,
) -> Result<Vec<proto::ConversationContext>, Error> {
    let ids: Vec<Uuid> = conversations
        .iter()
        .map(|row| row.conversation_id)
        .collect();
    let each = in_context::INTERACTIONS_OF_EACH;
    let mut latest = interaction::latest_of_each(ctx, db, &ids, each).await?;
    latest.sort_by_key(|row| Reverse((row.occur_time, row.interaction_id)));
    let mut said: HashMap<Option<Uuid>, Vec<proto::Interaction>> = HashMap::new();
    for row in latest {
        let said = said.entry(row.conversation_id).or_default();
        said.push(convert_interaction::to_proto(row));
    }
    let with_latest = |row: conversation_row::Model| proto::ConversationContext {
        recent_interactions: said.remove(&Some(row.conversation_id)).unwrap_or_default(),
        conversation: Some(convert_conversation::to_proto(row)),
    };
    Ok(conversations.into_iter().map(with_latest).collect())
}

/// A customer among the organisations above and below it.
struct Family {
    customer: Option<proto::Customer>,
    ancestors: Vec<proto::Customer>,
    subsidiaries: Vec<proto::Customer>,
}

/// Persons belong to organisations by roles only, so that there is nothing to look for.
async fn family(
    ctx: &Context,
    db: &DatabaseTransaction,
    row: customer_row::Model,
    member: Member,
) -> Result<Family, Error> {
    let mut rows = vec![row];
    let mut below_from = 1;
    if member.kind == CustomerKind::Organisation {
        rows.extend(relatives::ancestors(ctx, db, member.id).await?);
        below_from = rows.len();
        rows.extend(relatives::subsidiaries(ctx, db, member.id, in_360::SUBSIDIARIES).await?);
    }
    let records = customer::with_external_ids(ctx, db, rows)
        .await?
        .into_iter();
    let mut all = records
        .map(convert_customer::to_proto)
        .collect::<Result<Vec<_>, _>>()?;
    let subsidiaries = all.split_off(below_from);
    let ancestors = all.split_off(1);
    Ok(Family {
        customer: all.pop(),
        ancestors,
        subsidiaries,
    })
}
