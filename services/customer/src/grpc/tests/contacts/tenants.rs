//! Nobody of another company sees or touches anything, through any RPC.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use tonic::{Response, Status};

use super::{Desk, answer, contact, inbound, message, reason, refuses};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::lifecycle::{BehaviourKind, Stage};

/// A stranger learns nothing, not even that something is there.
fn unknown<T>(result: Result<Response<T>, Status>) {
    assert_eq!(reason(result), "RESOURCE_NOT_FOUND");
}

fn call() -> proto::Interaction {
    proto::Interaction {
        links: vec!["quotes/1".to_owned()],
        ..inbound(Channel::Phone, "call")
    }
}

on_each_engine! {
    async fn interactions_stay_in_the_company(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        desk.email(&ada, "ada@example.com").await;
        let logged = desk.log(&ada, call()).await;
        let stranger = desk.of_another_tenant();

        let mut interactions = stranger.interactions();
        let get = proto::GetInteractionRequest { name: logged.name };
        unknown(interactions.get_interaction(get).await);
        let list = proto::ListInteractionsRequest { parent: ada.clone(), ..Default::default() };
        unknown(interactions.list_interactions(list).await);
        unknown(stranger.try_log(&ada, call()).await);
        unknown(interactions.send_message(message(&ada, Channel::Email, Purpose::Legal)).await);
        let resource = "quotes/1".to_owned();
        let linked = proto::ListLinkedInteractionsRequest { resource, ..Default::default() };
        let linked = answer(interactions.list_linked_interactions(linked).await);
        assert!(linked.interactions.is_empty());

        assert_eq!(desk.timeline(&ada).await, ["call"]);
    }

    async fn conversations_stay_in_the_company(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let matter = desk.converse(&ada, "Router broken").await;
        let stranger = desk.of_another_tenant();

        let mut conversations = stranger.conversations();
        let get = proto::GetConversationRequest { name: matter.name.clone() };
        unknown(conversations.get_conversation(get).await);
        let list = proto::ListConversationsRequest { parent: ada.clone(), ..Default::default() };
        unknown(conversations.list_conversations(list).await);
        unknown(stranger.settle(&matter.name).await);
        let create = proto::CreateConversationRequest {
            parent: ada.clone(),
            conversation: Some(matter),
            ..Default::default()
        };
        unknown(conversations.create_conversation(create).await);

        assert_eq!(desk.context(&ada).await.open_conversations.len(), 1);
    }

    async fn choices_stay_in_the_company(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        desk.email(&ada, "ada@example.com").await;
        let stranger = desk.of_another_tenant();

        let get = proto::GetPreferencesRequest { name: format!("{ada}/preferences") };
        unknown(stranger.preferences().get_preferences(get).await);
        unknown(stranger.try_choose(&ada, &[refuses(Channel::Email)]).await);
        let check = contact(&ada, Channel::Email, Purpose::Legal);
        unknown(stranger.permits().check_contact(check).await);

        assert!(desk.check(&ada, Channel::Email, Purpose::Sales).await.allowed);
    }

    async fn lives_stay_in_the_company(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let stranger = desk.of_another_tenant();

        unknown(stranger.move_to(&ada, Stage::Lapsed, "").await);
        unknown(stranger.try_history(&ada).await);
        unknown(stranger.try_saw(&ada, BehaviourKind::Purchase).await);
        let list = proto::ListBehaviourEventsRequest { parent: ada.clone(), ..Default::default() };
        unknown(stranger.lifecycle().list_behaviour_events(list).await);

        assert_eq!(desk.history(&ada).await.len(), 1);
        assert!(desk.full_view(&ada).await.behaviour_events.is_empty());
    }

    async fn views_stay_in_the_company(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let mut views = desk.of_another_tenant().views();

        let context = proto::GetCustomerContextRequest { customer: ada.clone() };
        unknown(views.get_customer_context(context).await);
        unknown(views.get_customer360(proto::GetCustomer360Request { customer: ada }).await);
    }
}
