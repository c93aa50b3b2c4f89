//! Customers go from stage to stage, by hand or by what they do.

use std::collections::BTreeSet;

use rapport_platform::db::Database;
use rapport_platform::error::PlatformError;
use rapport_platform::on_each_engine;
use rapport_platform::outbox::{Bus as _, Event, LocalBus};
use rapport_platform::time::Clock;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::ConnectionTrait as _;
use tokio::task::JoinSet;
use tonic::{Response, Status};

use super::{Desk, answer, reason, refused};
use crate::domain::lifecycle::{BehaviourKind, Stage};
use crate::events::lifecycle::LifecycleConsumer;
use crate::testing::{self, metadata};

impl Desk {
    pub(super) async fn move_to(
        &self,
        customer: &str,
        stage: Stage,
        etag: &str,
    ) -> Result<Response<proto::Customer>, Status> {
        let request = proto::MoveCustomerStageRequest {
            name: customer.to_owned(),
            stage: stage.number(),
            reason: "as agreed".to_owned(),
            etag: etag.to_owned(),
            ..Default::default()
        };
        self.lifecycle().move_customer_stage(request).await
    }

    /// Records what a customer did.
    async fn saw(&self, customer: &str, kind: BehaviourKind) -> proto::BehaviourEvent {
        answer(self.try_saw(customer, kind).await)
    }

    pub(super) async fn try_saw(
        &self,
        customer: &str,
        kind: BehaviourKind,
    ) -> Result<Response<proto::BehaviourEvent>, Status> {
        let event = proto::BehaviourEvent {
            kind: kind.number(),
            subject: "plan A".to_owned(),
            ..Default::default()
        };
        let request = proto::RecordBehaviourRequest {
            parent: customer.to_owned(),
            behaviour_event: Some(event),
            ..Default::default()
        };
        self.lifecycle().record_behaviour(request).await
    }

    pub(super) async fn history(&self, customer: &str) -> Vec<proto::StageChange> {
        answer(self.try_history(customer).await).stage_changes
    }

    pub(super) async fn try_history(
        &self,
        customer: &str,
    ) -> Result<Response<proto::ListStageChangesResponse>, Status> {
        let request = proto::ListStageChangesRequest {
            parent: customer.to_owned(),
            ..Default::default()
        };
        self.lifecycle().list_stage_changes(request).await
    }

    async fn stage(&self, customer: &str) -> i32 {
        self.context(customer)
            .await
            .customer
            .unwrap()
            .lifecycle_stage
    }

    /// Behaviour that was published, in order.
    async fn behaviour_published(&self) -> Vec<Event> {
        let mut events = self.events().await;
        events.retain(|event| event.kind == "rapport.customer.v1.BehaviourRecorded");
        events
    }
}

/// A bus on which the life cycle follows behaviour.
fn bus(db: &Database) -> LocalBus {
    let bus = LocalBus::new(Clock::system());
    bus.subscribe(db, LifecycleConsumer).unwrap();
    bus
}

on_each_engine! {
    async fn every_step_is_in_the_history_with_its_reason(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let moved = answer(desk.move_to(&ada, Stage::Acquisition, "").await);
        assert_eq!(moved.lifecycle_stage, Stage::Acquisition.number());

        let history = desk.history(&ada).await;
        let steps: Vec<_> = history.iter().map(|it| (it.from_stage, it.to_stage)).collect();
        let (first, second) = (Stage::Awareness.number(), Stage::Acquisition.number());
        assert_eq!(steps, [(first, second), (0, first)]);
        assert_eq!(history[0].reason, "as agreed");
        assert_eq!(history[0].actor, "employees/ada");
        let told = desk.events_about(&ada).await.pop().unwrap();
        let told: proto::CustomerStageChanged = told.fact().unwrap();
        assert_eq!(told.stage_change.as_ref(), history.first());
    }

    async fn a_life_can_not_be_rewritten(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        desk.saw(&ada, BehaviourKind::Visit).await;
        for rewrite in ["UPDATE stage_change SET reason = ''", "UPDATE behaviour_event SET kind = 5"] {
            let rewritten: Result<_, PlatformError> = db
                .write_txn(|txn| async move { Ok(txn.execute_unprepared(rewrite).await?) })
                .await;
            assert!(rewritten.is_err(), "{rewrite}");
        }
    }

    async fn all_that_happens_at_once_has_its_place(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let mut seen = JoinSet::new();
        for _ in 0..8 {
            let (desk, ada) = (desk.clone(), ada.clone());
            seen.spawn(async move { desk.saw(&ada, BehaviourKind::Visit).await });
        }
        seen.join_all().await;

        let told = desk.behaviour_published().await;
        let places: BTreeSet<_> = told.iter().map(|event| event.version).collect();
        assert!(places.into_iter().eq(1..=8));
    }

    async fn a_stage_that_does_not_lead_there_is_named(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let told = refused(desk.move_to(&ada, Stage::WinBack, "").await);
        assert_eq!(testing::reason(&told), "INVALID_STATE");
        assert_eq!(metadata(&told, "state"), "AWARENESS");
        let said = told.message();
        assert!(said.contains("ACQUISITION, CONVERSION, LAPSED"), "{said}");
        assert_eq!(desk.history(&ada).await.len(), 1);
    }

    async fn of_two_who_move_her_at_once_one_is_told(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let seen = desk.context(&ada).await.customer.unwrap().etag;
        answer(desk.move_to(&ada, Stage::Acquisition, &seen).await);
        let second = desk.move_to(&ada, Stage::Conversion, &seen).await;
        assert_eq!(reason(second), "ETAG_MISMATCH");
    }

    async fn behaviour_moves_a_customer_once_however_often_it_is_told(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let purchase = desk.saw(&ada, BehaviourKind::Purchase).await;
        let before = desk.stage(&ada).await;
        assert_eq!(before, Stage::Awareness.number(), "recording alone moves nobody");

        let bus = bus(&db);
        let [told] = desk.behaviour_published().await.try_into().unwrap();
        for _ in 0..3 {
            bus.publish(&told).await.unwrap();
        }
        assert_eq!(desk.stage(&ada).await, Stage::Conversion.number());
        let history = desk.history(&ada).await;
        assert_eq!(history.len(), 2);
        assert_eq!(history[0].behaviour_event, purchase.name);
        assert_eq!(history[0].actor, "systems/customer-lifecycle");
        assert_eq!(history[0].reason, "observed PURCHASE");
    }

    async fn behaviour_is_one_story_in_the_order_of_recording(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let bob = desk.person("Bob").await;
        for (customer, did) in [
            (&ada, BehaviourKind::Purchase),
            (&bob, BehaviourKind::Visit),
            (&ada, BehaviourKind::RepeatPurchase),
        ] {
            desk.saw(customer, did).await;
        }

        let told = desk.behaviour_published().await;
        let aggregates: Vec<_> =
            told.iter().map(|event| (event.aggregate.clone(), event.version)).collect();
        let of = |customer: &str| format!("{customer}/behaviourEvents");
        assert_eq!(aggregates, [(of(&ada), 1), (of(&bob), 1), (of(&ada), 2)]);
        let bus = bus(&db);
        for event in &told {
            bus.publish(event).await.unwrap();
        }
        assert_eq!(desk.stage(&ada).await, Stage::Retention.number());
        assert_eq!(desk.stage(&bob).await, Stage::Awareness.number());
        assert_eq!(desk.history(&bob).await.len(), 1, "a visit shows nothing new");
    }

    async fn behaviour_of_who_is_gone_changes_nothing(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        desk.saw(&ada, BehaviourKind::Purchase).await;
        desk.delete(&ada).await;

        let [told] = desk.behaviour_published().await.try_into().unwrap();
        bus(&db).publish(&told).await.unwrap();
        assert_eq!(desk.stage(&ada).await, Stage::Awareness.number());
    }

    async fn behaviour_is_listed_latest_first_page_by_page(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let kinds = [BehaviourKind::Visit, BehaviourKind::Inquiry, BehaviourKind::Trial];
        for (hours, kind) in (0..).zip(kinds) {
            desk.later(std::time::Duration::from_secs(3_600 * hours)).saw(&ada, kind).await;
        }
        let mut seen = Vec::new();
        let mut page_token = String::new();
        for _ in 0..2 {
            let list = proto::ListBehaviourEventsRequest {
                parent: ada.clone(),
                page_size: 2,
                page_token,
            };
            let page = answer(desk.lifecycle().list_behaviour_events(list).await);
            seen.extend(page.behaviour_events.iter().map(|event| event.kind));
            page_token = page.next_page_token;
        }
        let latest_first: Vec<_> = kinds.iter().rev().map(|kind| kind.number()).collect();
        assert_eq!(seen, latest_first);
        assert!(page_token.is_empty());
        assert_eq!(desk.full_view(&ada).await.behaviour_events.len(), 3);
    }
}
