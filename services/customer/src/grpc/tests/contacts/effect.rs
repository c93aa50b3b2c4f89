//! How well channels work: answers, costs and refusals.

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_platform::time::Timestamp;
use rapport_proto::google::r#type::Money;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::channel_effect_service_client::ChannelEffectServiceClient;
use rapport_proto::rapport::customer::v1::delivery_service_client::DeliveryServiceClient;
use rapport_proto::rapport::customer::v1::merge_service_client::MergeServiceClient;
use tonic::{Response, Status};

use super::{Desk, answer, contact, inbound, reason, refused, refuses};
use crate::domain::channel::{Channel, Purpose};
use crate::testing::{self, Link};

use proto::EffectDimension as By;
use proto::InteractionOutcome as Outcome;

const DAY: Duration = Duration::from_hours(24);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Something that the company told a customer.
fn told(channel: Channel, time: &str, outcome: Outcome) -> proto::Interaction {
    proto::Interaction {
        channel: channel.number(),
        direction: proto::Direction::Outbound.into(),
        purpose: Purpose::Sales.number(),
        summary: "an offer".to_owned(),
        outcome: outcome.into(),
        occur_time: Some(at(time).into()),
        ..Default::default()
    }
}

fn lasting(interaction: proto::Interaction, seconds: i64) -> proto::Interaction {
    proto::Interaction {
        duration: Some(prost_types::Duration { seconds, nanos: 0 }),
        ..interaction
    }
}

fn euros(units: i64, cents: i32) -> Option<Money> {
    Some(Money {
        currency_code: "EUR".to_owned(),
        units,
        nanos: cents * 10_000_000,
    })
}

impl Desk {
    fn effects(&self) -> ChannelEffectServiceClient<Link> {
        ChannelEffectServiceClient::new(self.link())
    }

    /// Something that the customer told the company.
    async fn hears(&self, customer: &str, time: &str) {
        let interaction = proto::Interaction {
            occur_time: Some(at(time).into()),
            ..inbound(Channel::Web, "a question")
        };
        self.log(customer, interaction).await;
    }

    async fn effect(&self, [start, end]: [&str; 2], by: &[By]) -> Vec<proto::ChannelEffect> {
        let request = proto::QueryChannelEffectRequest {
            start_time: Some(at(start).into()),
            end_time: Some(at(end).into()),
            dimensions: by.iter().map(|&it| it.into()).collect(),
            ..Default::default()
        };
        answer(self.effects().query_channel_effect(request).await).effects
    }

    /// The effect of all there is.
    async fn whole_effect(&self) -> proto::ChannelEffect {
        let year = ["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"];
        self.effect(year, &[]).await.pop().unwrap_or_default()
    }

    async fn cost(
        &self,
        channel: Channel,
        since: &str,
        [per_contact, per_minute]: [Option<Money>; 2],
    ) -> Result<Response<proto::ChannelCost>, Status> {
        let cost = proto::ChannelCost {
            channel: channel.number(),
            per_contact,
            per_minute,
            effective_time: Some(at(since).into()),
            ..Default::default()
        };
        let request = proto::CreateChannelCostRequest {
            channel_cost: Some(cost),
            ..Default::default()
        };
        self.effects().create_channel_cost(request).await
    }
}

const MARCH: [&str; 2] = ["2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"];

on_each_engine! {
    async fn an_answer_is_to_the_contact_right_before_it(db: Database) {
        let desk = Desk::open(&db).await;
        let noon = |day: u32| format!("2026-03-{day:02}T12:00:00Z");
        let accepts = desk.person("Ada").await;
        desk.log(&accepts, told(Channel::Phone, &noon(2), Outcome::Accepted)).await;
        let writes_back = desk.person("Bob").await;
        desk.log(&writes_back, told(Channel::Email, &noon(2), Outcome::Reached)).await;
        desk.hears(&writes_back, &noon(4)).await;
        let is_silent = desk.person("Carl").await;
        desk.log(&is_silent, told(Channel::Email, &noon(2), Outcome::Reached)).await;
        let is_late = desk.person("Dora").await;
        desk.log(&is_late, told(Channel::Email, &noon(2), Outcome::Reached)).await;
        desk.hears(&is_late, &noon(9)).await;
        let was_reminded = desk.person("Eve").await;
        desk.log(&was_reminded, told(Channel::Email, &noon(2), Outcome::Reached)).await;
        desk.log(&was_reminded, told(Channel::Sms, &noon(3), Outcome::Reached)).await;
        desk.hears(&was_reminded, &noon(4)).await;

        let effects = desk.effect(MARCH, &[By::Channel]).await;

        let counts: Vec<_> = effects
            .iter()
            .map(|it| (it.channel, it.contact_count, it.response_count, it.acceptance_count))
            .collect();
        let mut expected = vec![
            (Channel::Phone.number(), 1, 1, 1),
            (Channel::Email.number(), 4, 1, 0),
            (Channel::Sms.number(), 1, 1, 0),
        ];
        expected.sort_unstable();
        assert_eq!(counts, expected);
        let email = effects.iter().find(|it| it.channel == Channel::Email.number()).unwrap();
        assert_eq!((email.response_rate, &email.cost), (Some(0.25), &None));
    }

    async fn an_answer_after_the_period_counts_a_contact_after_it_does_not(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada").await;
        desk.log(&ada, told(Channel::Email, "2026-03-31T23:59:59.999999Z", Outcome::Reached)).await;
        desk.hears(&ada, "2026-04-02T00:00:00Z").await;
        desk.log(&ada, told(Channel::Email, "2026-04-03T00:00:00Z", Outcome::Reached)).await;

        let march = desk.effect(MARCH, &[]).await.pop().unwrap();
        let april = desk.effect([MARCH[1], "2026-05-01T00:00:00Z"], &[]).await.pop().unwrap();

        assert_eq!((march.contact_count, march.response_count), (1, 1));
        assert_eq!((april.contact_count, april.response_count), (1, 0));
    }

    async fn hours_are_those_of_the_customers_day_in_summer_and_winter(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada").await;
        let update = proto::UpdateCustomerRequest {
            customer: Some(proto::Customer {
                name: ada.clone(),
                time_zone: "Europe/Zurich".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        answer(desk.customers().update_customer(update).await);
        for time in ["2026-03-28T08:30:00Z", "2026-03-29T08:30:00Z", "2026-03-28T23:30:00Z"] {
            desk.log(&ada, told(Channel::Phone, time, Outcome::Reached)).await;
        }
        let anybody = desk.person("Bob").await;
        desk.log(&anybody, told(Channel::Phone, "2026-03-28T08:30:00Z", Outcome::Reached)).await;

        let effects = desk.effect(MARCH, &[By::LocalHour]).await;

        let hours: Vec<_> = effects.iter().map(|it| (it.local_hour, it.contact_count)).collect();
        assert_eq!(hours, [(Some(0), 1), (Some(8), 1), (Some(9), 1), (Some(10), 1)]);
    }

    async fn a_contact_costs_what_its_channel_cost_then(db: Database) {
        let desk = Desk::open(&db).await;
        answer(desk.cost(Channel::Phone, "2026-01-01T00:00:00Z", [euros(0, 50), euros(0, 20)]).await);
        let dearer = desk.cost(Channel::Phone, "2026-03-15T00:00:00Z", [euros(1, 0), None]).await;
        let dearer = answer(dearer).name;
        let ada = desk.person("Ada").await;
        let early = told(Channel::Phone, "2026-03-14T23:59:59.999999Z", Outcome::Accepted);
        desk.log(&ada, lasting(early, 90)).await;
        let late = told(Channel::Phone, "2026-03-15T00:00:00Z", Outcome::Declined);
        desk.log(&ada, lasting(late, 600)).await;

        let both = desk.whole_effect().await;
        assert_eq!((&both.cost, &both.cost_per_response), (&euros(1, 80), &euros(0, 90)));

        desk.log(&ada, told(Channel::Email, "2026-03-16T00:00:00Z", Outcome::Reached)).await;
        let with_email = desk.whole_effect().await;
        assert_eq!((with_email.cost, with_email.uncosted_contact_count), (euros(1, 80), 1));
        assert_eq!(with_email.cost_per_response, None);

        let request = proto::DeleteChannelCostRequest { name: dearer, ..Default::default() };
        answer(desk.effects().delete_channel_cost(request.clone()).await);
        assert_eq!(desk.whole_effect().await.cost, euros(3, 30));
        assert_eq!(reason(desk.effects().delete_channel_cost(request).await), "RESOURCE_NOT_FOUND");
        assert_eq!(desk.of_another_tenant().whole_effect().await.contact_count, 0);
    }

    async fn costs_are_listed_and_told_and_do_not_contradict_each_other(db: Database) {
        let desk = Desk::open(&db).await;
        let since = "2026-01-01T00:00:00Z";
        let francs = Some(Money { currency_code: "CHF".to_owned(), ..euros(1, 0).unwrap() });
        let sms = answer(desk.cost(Channel::Sms, since, [euros(0, 7), None]).await);
        let mail = answer(desk.cost(Channel::Post, since, [euros(1, 20), None]).await);

        let again = desk.cost(Channel::Sms, since, [euros(0, 8), None]).await;
        let again = refused(again);
        assert_eq!(testing::reason(&again), "RESOURCE_EXISTS");
        assert!(again.message().contains(&sms.name), "{again:?}");
        let elsewhere = desk.cost(Channel::Phone, since, [francs, None]).await;
        assert_eq!(reason(elsewhere), "INVALID_FIELD");
        let nothing = desk.cost(Channel::Phone, since, [None, None]).await;
        assert_eq!(testing::fields(&refused(nothing)), ["channel_cost.per_contact"]);

        let mut listed = Vec::new();
        let mut page = proto::ListChannelCostsRequest { page_size: 1, ..Default::default() };
        loop {
            let answered = answer(desk.effects().list_channel_costs(page.clone()).await);
            listed.extend(answered.channel_costs);
            if answered.next_page_token.is_empty() {
                break;
            }
            page.page_token = answered.next_page_token;
        }
        let mut expected = vec![sms.clone(), mail];
        expected.sort_unstable_by_key(|it| it.channel);
        assert_eq!(listed, expected);
        assert_eq!(desk.events_about(&sms.name).await.len(), 1);
    }

    async fn refusals_are_told_with_their_reasons(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada").await;
        desk.choose(&ada, &[refuses(Channel::Email)]).await;
        let request = proto::ReserveContactRequest {
            contact: Some(contact(&ada, Channel::Email, Purpose::Service)),
            ..Default::default()
        };
        assert_eq!(reason(desk.permits().reserve_contact(request).await), "CHANNEL_REFUSED");

        let now = desk.ctx.now;
        let period = [now.saturating_sub(DAY).to_string(), now.saturating_add(DAY).to_string()];
        let by = [By::Channel, By::Purpose, By::LocalHour, By::LifecycleStage, By::CustomerKind];
        let effects = desk.effect([&period[0], &period[1]], &by).await;

        let [effect] = effects.as_slice() else { panic!("{effects:?}") };
        assert_eq!((effect.contact_count, effect.refusal_count), (0, 1));
        assert_eq!(effect.purpose, Purpose::Service.number());
        assert_eq!(effect.customer_kind(), proto::CustomerKind::Person);
        let reasons: Vec<_> = effect.refusals.iter().map(|it| (it.reason(), it.count)).collect();
        assert!(reasons.contains(&(proto::ContactRefusal::ChannelRefused, 1)), "{reasons:?}");
        assert_eq!(effect.response_rate, None);
    }

    async fn a_message_that_never_left_is_no_contact(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada").await;
        desk.email(&ada, "ada@example.com").await;
        answer(desk.send(&ada, Channel::Email, Purpose::Service).await);
        assert_eq!(desk.later(DAY).whole_effect().await.contact_count, 1);

        let mut deliveries = DeliveryServiceClient::new(desk.link());
        let all = deliveries.list_deliveries(proto::ListDeliveriesRequest::default()).await;
        let name = answer(all).deliveries[0].name.clone();
        let request = proto::CancelDeliveryRequest { name, ..Default::default() };
        answer(deliveries.cancel_delivery(request).await);

        assert_eq!(desk.whole_effect().await.contact_count, 0);
    }

    async fn what_became_of_a_message_is_no_second_contact(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada").await;
        desk.email(&ada, "ada@example.com").await;
        answer(desk.send(&ada, Channel::Email, Purpose::Service).await);
        let later = desk.later(DAY);
        let mut deliveries = DeliveryServiceClient::new(desk.link());
        let all = deliveries.list_deliveries(proto::ListDeliveriesRequest::default()).await;
        let result = proto::Interaction {
            links: vec![answer(all).deliveries[0].name.clone()],
            ..told(Channel::Email, &desk.ctx.now.to_string(), Outcome::Accepted)
        };

        later.log(&ada, result).await;

        assert_eq!(later.whole_effect().await.contact_count, 1);
    }

    async fn how_long_an_answer_counts_is_part_of_the_question(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada").await;
        desk.log(&ada, told(Channel::Email, "2026-03-02T12:00:00Z", Outcome::Reached)).await;
        desk.hears(&ada, "2026-03-04T12:00:00Z").await;
        let answered_within = async |days: i64| {
            let request = proto::QueryChannelEffectRequest {
                start_time: Some(at(MARCH[0]).into()),
                end_time: Some(at(MARCH[1]).into()),
                response_window: Some(prost_types::Duration { seconds: days * 86_400, nanos: 0 }),
                ..Default::default()
            };
            let effects = answer(desk.effects().query_channel_effect(request).await).effects;
            effects.first().map(|it| it.response_count)
        };

        assert_eq!(answered_within(2).await, Some(0));
        assert_eq!(answered_within(3).await, Some(1));
    }

    async fn stages_are_those_of_then_and_merged_records_answer_for_each_other(db: Database) {
        let desk = Desk::open(&db).await;
        let (ada, again) = (desk.person("Ada").await, desk.person("A. Lovelace").await);
        let later = desk.later(2 * DAY);
        let request = proto::MoveCustomerStageRequest {
            name: ada.clone(),
            stage: proto::LifecycleStage::Acquisition.into(),
            reason: "asked for a quote".to_owned(),
            ..Default::default()
        };
        answer(later.lifecycle().move_customer_stage(request).await);
        let call = |day: u32| {
            let time = desk.ctx.now.saturating_add(day * DAY).to_string();
            told(Channel::Phone, &time, Outcome::Reached)
        };
        let afterwards = desk.later(5 * DAY);
        afterwards.log(&ada, call(1)).await;
        afterwards.log(&ada, call(3)).await;
        afterwards.hears(&again, &desk.ctx.now.saturating_add(4 * DAY).to_string()).await;
        let request = proto::MergeCustomersRequest {
            name: ada,
            merged: again,
            ..Default::default()
        };
        answer(MergeServiceClient::new(afterwards.link()).merge_customers(request).await);

        let period = [desk.ctx.now.to_string(), afterwards.ctx.now.to_string()];
        let effects = desk.effect([&period[0], &period[1]], &[By::LifecycleStage]).await;

        let stages: Vec<_> = effects
            .iter()
            .map(|it| (it.lifecycle_stage(), it.contact_count, it.response_count))
            .collect();
        use proto::LifecycleStage::{Acquisition, Awareness};
        assert_eq!(stages, [(Awareness, 1, 0), (Acquisition, 1, 1)]);
    }

    async fn a_question_without_an_answer_is_refused(db: Database) {
        let desk = Desk::open(&db).await;
        let ask = async |start: &str, end: &str| {
            let request = proto::QueryChannelEffectRequest {
                start_time: Some(at(start).into()),
                end_time: Some(at(end).into()),
                ..Default::default()
            };
            testing::fields(&refused(desk.effects().query_channel_effect(request).await))
        };
        assert_eq!(ask("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z").await, ["end_time"]);
        assert_eq!(ask("2026-03-02T00:00:00Z", "2028-03-01T00:00:00Z").await, ["end_time"]);
    }
}
