//! `LifecycleService`.

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;

use super::Shared;
use super::convert::{customer as convert_customer, lifecycle as convert};
use crate::domain::behaviour::MoveReason;
use crate::domain::lifecycle::Stage;
use crate::error::{Error, faults_of};
use crate::events;
use crate::resource::CUSTOMER;
use crate::store::customer::Record;
use crate::store::entity::behaviour_event;
use crate::store::identity::group;
use crate::store::lifecycle::Cause;
use crate::store::{customer, lifecycle};
use rapport_platform::db::place::Place;

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 1_000,
};

/// Follows customers through the stages of their life.
pub(crate) struct Lifecycle(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.LifecycleService" for Lifecycle {
        move_customer_stage(proto::MoveCustomerStageRequest) -> proto::Customer = move_stage;
        list_stage_changes(proto::ListStageChangesRequest)
            -> proto::ListStageChangesResponse = list_stage_changes;
        record_behaviour(proto::RecordBehaviourRequest) -> proto::BehaviourEvent = record;
        list_behaviour_events(proto::ListBehaviourEventsRequest)
            -> proto::ListBehaviourEventsResponse = list_behaviour;
    }
}

impl Lifecycle {
    async fn move_stage(
        &self,
        ctx: Context,
        request: proto::MoveCustomerStageRequest,
    ) -> Result<proto::Customer, Error> {
        let [customer_id] = CUSTOMER.parse("name", &request.name)?;
        let stage = Stage::try_from(request.stage).map_err(|fault| fault.at("stage"))?;
        let reason = &MoveReason::parse(&request.reason).map_err(|fault| fault.at("reason"))?;
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        self.0
            .once(ctx, &request, |txn| async move {
                let record = customer::get_live_record(ctx, &*txn, customer_id).await?;
                let row = record.row.clone();
                Etag::check(name, etag, row.version)?;
                let transition = lifecycle::stage(&row)?.move_to(stage).map_err(|refused| {
                    Error::MoveRefused {
                        customer: name.clone(),
                        refused,
                    }
                })?;
                let cause = Cause {
                    reason: reason.as_str(),
                    behaviour_event: None,
                };
                let (row, change) = lifecycle::enter(ctx, &txn, row, transition, &cause).await?;
                let change = convert::stage_change(change);
                let changed = events::customer_stage_changed(row.customer_id, change, row.version);
                outbox::append(&txn, ctx, &[changed]).await?;
                convert_customer::to_proto(Record { row, ..record })
            })
            .await
    }

    async fn list_stage_changes(
        &self,
        ctx: Context,
        request: proto::ListStageChangesRequest,
    ) -> Result<proto::ListStageChangesResponse, Error> {
        let proto::ListStageChangesRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [customer_id] = CUSTOMER.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.customer.v1.LifecycleService/ListStageChanges",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let db = self.0.db.read();
        let members = group::of(&ctx, db, customer_id).await?.members();
        let rows = lifecycle::changes(&ctx, db, &members, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.stage_change_id)?;
        let stage_changes = rows.into_iter().map(convert::stage_change).collect();
        Ok(proto::ListStageChangesResponse {
            stage_changes,
            next_page_token,
        })
    }

    async fn record(
        &self,
        ctx: Context,
        request: proto::RecordBehaviourRequest,
    ) -> Result<proto::BehaviourEvent, Error> {
        let [customer_id] = CUSTOMER.parse("parent", &request.parent)?;
        let sent = request.behaviour_event.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("behaviour_event"))?;
        let ctx = &ctx;
        let new = &convert::parse(ctx, sent).map_err(faults_of("behaviour_event"))?;
        self.0
            .once(ctx, &request, |txn| async move {
                let customer = customer::require_live(ctx, &*txn, customer_id).await?;
                let row = lifecycle::observe(ctx, &txn, customer.customer_id, new).await?;
                let sequence = row.sequence;
                let event = convert::behaviour_event(row);
                let recorded = events::behaviour_recorded(customer.customer_id, &event, sequence);
                outbox::append(&txn, ctx, &[recorded]).await?;
                Ok(event)
            })
            .await
    }

    async fn list_behaviour(
        &self,
        ctx: Context,
        request: proto::ListBehaviourEventsRequest,
    ) -> Result<proto::ListBehaviourEventsResponse, Error> {
        let proto::ListBehaviourEventsRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [customer_id] = CUSTOMER.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.customer.v1.LifecycleService/ListBehaviourEvents",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let db = self.0.db.read();
        let members = group::of(&ctx, db, customer_id).await?.members();
        let rows = lifecycle::behaviour(&ctx, db, &members, page.after, page.limit()).await?;
        let place = |row: &behaviour_event::Model| Place {
            time: row.occur_time,
            id: row.behaviour_event_id,
        };
        let (rows, next_page_token) = page.finish(rows, place)?;
        let behaviour_events = rows.into_iter().map(convert::behaviour_event).collect();
        Ok(proto::ListBehaviourEventsResponse {
            behaviour_events,
            next_page_token,
        })
    }
}
