//! Every contact flows into one repository, once.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use tokio::task::JoinSet;

use super::{Desk, answer, inbound, reason, refused};
use crate::domain::channel::{Channel, Purpose};
use crate::testing::{self, metadata};

on_each_engine! {
    async fn a_contact_reads_back_as_it_was_told(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let phone = desk.phone(&ada, "+41446681800").await;
        let conversation = desk.converse(&ada, "Router broken").await;
        let told = proto::Interaction {
            channel: Channel::CallCentre.number(),
            direction: proto::Direction::Outbound.into(),
            purpose: Purpose::Service.number(),
            conversation: conversation.name,
            agent: "employees/bob".to_owned(),
            contact_point: phone.name,
            summary: "Called back about the router".to_owned(),
            body: "A long talk.\nIt works again.".to_owned(),
            outcome: proto::InteractionOutcome::Resolved.into(),
            occur_time: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 5_000 }),
            duration: Some(prost_types::Duration { seconds: 90, nanos: 0 }),
            links: vec!["assets/7".to_owned(), "quotes/1".to_owned()],
            external_id: Some(proto::ExternalId { system: "dialler".into(), id: "call-1".into() }),
            ..Default::default()
        };

        let logged = desk.log(&ada, told.clone()).await;
        let expected = proto::Interaction {
            name: logged.name.clone(),
            recorder: desk.ctx.actor.to_string(),
            record_time: Some(desk.ctx.now.into()),
            ..told
        };
        assert_eq!(logged, expected);
        let get = proto::GetInteractionRequest { name: logged.name.clone() };
        assert_eq!(answer(desk.interactions().get_interaction(get).await), logged);
        let events = desk.events_about(&logged.name).await;
        let appended: proto::InteractionAppended = events[0].fact().unwrap();
        assert_eq!(appended.interaction, Some(logged));
    }

    async fn a_colleague_on_another_channel_sees_it_at_once(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        desk.colleague("systems/shop").log(&ada, inbound(Channel::Web, "asks about plan A")).await;
        assert_eq!(desk.colleague("employees/bob").timeline(&ada).await, ["asks about plan A"]);
    }

    async fn a_contact_delivered_twice_is_logged_once_and_named(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let call = |summary: &str| proto::Interaction {
            external_id: Some(proto::ExternalId { system: "dialler".into(), id: "call-1".into() }),
            ..inbound(Channel::Phone, summary)
        };
        let first = desk.log(&ada, call("first")).await;

        let told = refused(desk.try_log(&ada, call("again")).await);
        assert_eq!(testing::reason(&told), "RESOURCE_EXISTS");
        assert_eq!(metadata(&told, "resource"), first.name);
        assert_eq!(desk.timeline(&ada).await, ["first"]);
        assert_eq!(desk.full_view(&ada).await.channel_activity[0].inbound_count, 1);
        let elsewhere = desk.of_another_tenant();
        let eve = elsewhere.person("Eve").await;
        elsewhere.log(&eve, call("another tenant's own")).await;
    }

    async fn of_many_deliveries_at_once_one_is_logged(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let mut deliveries = JoinSet::new();
        for _ in 0..8 {
            let (desk, ada) = (desk.clone(), ada.clone());
            let call = proto::Interaction {
                external_id: Some(proto::ExternalId { system: "dialler".into(), id: "1".into() }),
                ..inbound(Channel::Phone, "call")
            };
            deliveries.spawn(async move { desk.try_log(&ada, call).await });
        }
        let (logged, known): (Vec<_>, Vec<_>) =
            deliveries.join_all().await.into_iter().partition(Result::is_ok);

        assert_eq!(logged.len(), 1);
        assert!(known.into_iter().all(|result| reason(result) == "RESOURCE_EXISTS"));
        assert_eq!(desk.full_view(&ada).await.channel_activity[0].inbound_count, 1);
    }

    async fn contacts_are_counted_by_channel(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        for (seconds, direction) in [(20, 1), (30, 2), (10, 1)] {
            let occur_time = at(seconds);
            let call = inbound(Channel::Phone, "call");
            desk.log(&ada, proto::Interaction { direction, occur_time, ..call }).await;
        }
        desk.log(&ada, inbound(Channel::Web, "visit")).await;

        let counted = desk.full_view(&ada).await.channel_activity;
        assert_eq!(counted.len(), 2);
        let phone = counted.iter().find(|it| it.channel == Channel::Phone.number()).unwrap();
        assert_eq!((phone.inbound_count, phone.outbound_count), (2, 1));
        assert_eq!(phone.last_time, at(30));
    }

    async fn an_answer_about_a_customer_is_of_one_moment(db: Database) {
        let desk = Desk::open(&db).await;
        for customer in ["Ada", "Bob", "Eve"] {
            let customer = desk.person(customer).await;
            let (caller, called) = (desk.clone(), customer.clone());
            let calling = tokio::spawn(async move {
                for call in 1..=20 {
                    caller.log(&called, inbound(Channel::Phone, &call.to_string())).await;
                }
            });
            // As many as are shown at most.
            let mut told = 0;
            while told < 20 {
                let view = desk.full_view(&customer).await;
                told = view.channel_activity.first().map_or(0, |it| it.inbound_count);
                assert_eq!(view.recent_interactions.len() as i64, told);
            }
            calling.await.unwrap();
        }
    }

    async fn what_concerns_a_quote_is_found_by_it_whoever_it_was(db: Database) {
        let desk = Desk::open(&db).await;
        let (ada, bob) = (desk.person("Ada Lovelace").await, desk.person("Bob").await);
        for (seconds, customer) in [(1, &ada), (3, &bob), (2, &ada), (4, &ada)] {
            let linked = proto::Interaction {
                occur_time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
                links: vec!["quotes/1".to_owned(), "quotes/2".to_owned()],
                ..inbound(Channel::Phone, &seconds.to_string())
            };
            desk.log(customer, linked).await;
        }
        desk.log(&ada, inbound(Channel::Phone, "nothing to do with it")).await;

        let mut found = Vec::new();
        let mut page_token = String::new();
        loop {
            let resource = "quotes/1".to_owned();
            let list = proto::ListLinkedInteractionsRequest { resource, page_size: 3, page_token };
            let page = answer(desk.interactions().list_linked_interactions(list).await);
            found.extend(page.interactions.into_iter().map(|it| it.summary));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(found, ["4", "3", "2", "1"]);
    }

    async fn what_does_not_fit_together_is_refused(db: Database) {
        let desk = Desk::open(&db).await;
        let (ada, bob) = (desk.person("Ada Lovelace").await, desk.person("Bob").await);
        let his = desk.phone(&bob, "+41446681800").await.name;
        let call = inbound(Channel::Phone, "call");
        let nobody = "customers/0190e5a4-0000-7000-8000-000000000000";
        let unknown = format!("{ada}/contactPoints/0190e5a4-0000-7000-8000-000000000000");

        let of_another = proto::Interaction { contact_point: his, ..call.clone() };
        assert_eq!(reason(desk.try_log(&ada, of_another).await), "INVALID_FIELD");
        let by_unknown = proto::Interaction { contact_point: unknown, ..call.clone() };
        assert_eq!(reason(desk.try_log(&ada, by_unknown).await), "RESOURCE_NOT_FOUND");
        assert_eq!(reason(desk.try_log(nobody, call.clone()).await), "RESOURCE_NOT_FOUND");
        desk.delete(&bob).await;
        assert_eq!(reason(desk.try_log(&bob, call).await), "RESOURCE_DELETED");
        assert!(desk.timeline(&ada).await.is_empty());
    }
}
