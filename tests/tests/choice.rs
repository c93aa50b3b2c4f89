//! The customer's choice of channel holds on every way into the suite.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use rapport::client::Caller;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::contact_point_service_client::ContactPointServiceClient;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::rapport::customer::v1::interaction_service_client::InteractionServiceClient;
use rapport_proto::rapport::customer::v1::preference_service_client::PreferenceServiceClient;
use rapport_proto::rapport::customer::v1::view_service_client::ViewServiceClient;
use rapport_proto::rapport::customer::v1::{
    ChannelChoice, ContactPoint, CreateContactPointRequest, CreateCustomerRequest, Direction,
    GetCustomerContextRequest, Interaction, ListInteractionsRequest, LogInteractionRequest,
    Preference, SendMessageRequest, SetPreferencesRequest,
};
use rapport_proto::rapport::r#type::v1::{Channel, Purpose};
use rapport_tests::{metadata, on_each_engine, person, reason};
use tonic::{Code, Status};

/// Ana, with an e-mail address and a phone.
async fn ana(caller: &Caller) -> String {
    let request = CreateCustomerRequest {
        customer: Some(person("Ana Müller")),
        request_id: String::new(),
    };
    let customer = CustomerServiceClient::new(caller.clone())
        .create_customer(request)
        .await;
    let name = customer.unwrap().into_inner().name;
    for address in [
        Address::Email("ana@example.com".into()),
        Address::Phone("+41446681800".into()),
    ] {
        let request = CreateContactPointRequest {
            parent: name.clone(),
            contact_point: Some(ContactPoint {
                address: Some(address),
                ..Default::default()
            }),
            request_id: String::new(),
        };
        ContactPointServiceClient::new(caller.clone())
            .create_contact_point(request)
            .await
            .unwrap();
    }
    name
}

async fn choose(
    caller: &Caller,
    customer: &str,
    channel: Channel,
    choice: ChannelChoice,
    rank: i32,
) {
    let request = SetPreferencesRequest {
        name: format!("{customer}/preferences"),
        entries: vec![Preference {
            channel: channel.into(),
            choice: choice.into(),
            rank,
            ..Preference::default()
        }],
        ..SetPreferencesRequest::default()
    };
    PreferenceServiceClient::new(caller.clone())
        .set_preferences(request)
        .await
        .unwrap();
}

async fn contact(
    caller: &Caller,
    customer: &str,
    channel: Channel,
    purpose: Purpose,
) -> Result<Interaction, Status> {
    let request = SendMessageRequest {
        customer: customer.to_owned(),
        channel: channel.into(),
        purpose: purpose.into(),
        subject: "Spring offer".into(),
        ..SendMessageRequest::default()
    };
    let sent = InteractionServiceClient::new(caller.clone())
        .send_message(request)
        .await?;
    Ok(sent.into_inner())
}

async fn timeline(caller: &Caller, customer: &str) -> Vec<Interaction> {
    let request = ListInteractionsRequest {
        parent: customer.to_owned(),
        ..Default::default()
    };
    let listed = InteractionServiceClient::new(caller.clone())
        .list_interactions(request)
        .await;
    listed.unwrap().into_inner().interactions
}

on_each_engine! {
    async fn who_refuses_email_is_phoned_and_everybody_sees_it(suite: &mut Suite) {
        let marketing = suite.administrator().await;
        let ana = ana(&marketing).await;
        choose(&marketing, &ana, Channel::Email, ChannelChoice::Refused, 0).await;
        choose(&marketing, &ana, Channel::Phone, ChannelChoice::Allowed, 1).await;

        let refused = contact(&marketing, &ana, Channel::Email, Purpose::Marketing).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(reason(&refused), "CHANNEL_REFUSED");
        assert_eq!(metadata(&refused, "customer"), ana);
        assert_eq!(metadata(&refused, "channel"), "EMAIL");
        let open = metadata(&refused, "open_channels");
        assert!(open.starts_with("PHONE"), "the channel she welcomes comes first: {open}");
        assert!(!open.contains("EMAIL"), "{open}");

        let call = contact(&marketing, &ana, Channel::Phone, Purpose::Marketing).await.unwrap();
        let names: Vec<_> = timeline(&marketing, &ana).await.into_iter().map(|one| one.name).collect();
        assert_eq!(names, [call.name.as_str()], "the call and no e-mail");

        let call_centre = suite.administrator().await;
        let request = GetCustomerContextRequest { customer: ana };
        let context = ViewServiceClient::new(call_centre).get_customer_context(request).await;
        let context = context.unwrap().into_inner();
        assert_eq!(context.recent_interactions[0].name, call.name, "seen at once");
    }

    async fn what_her_own_purchase_requires_is_sent_all_the_same(suite: &mut Suite) {
        let billing = suite.administrator().await;
        let ana = ana(&billing).await;
        choose(&billing, &ana, Channel::Email, ChannelChoice::Refused, 0).await;
        contact(&billing, &ana, Channel::Email, Purpose::Transactional).await.unwrap();
        let offer = contact(&billing, &ana, Channel::Email, Purpose::Sales).await.unwrap_err();
        assert_eq!(reason(&offer), "CHANNEL_REFUSED");
    }

    async fn a_channel_without_an_address_is_refused_for_that_reason(suite: &mut Suite) {
        let caller = suite.administrator().await;
        let ana = ana(&caller).await;
        let refused = contact(&caller, &ana, Channel::Post, Purpose::Sales).await.unwrap_err();
        assert_eq!(reason(&refused), "NO_USABLE_CONTACT_POINT");
        assert!(metadata(&refused, "open_channels").contains("EMAIL"));
    }

    async fn what_she_says_herself_is_recorded_on_any_channel(suite: &mut Suite) {
        let caller = suite.administrator().await;
        let ana = ana(&caller).await;
        choose(&caller, &ana, Channel::Email, ChannelChoice::Refused, 0).await;
        let request = LogInteractionRequest {
            parent: ana.clone(),
            interaction: Some(Interaction {
                channel: Channel::Email.into(),
                direction: Direction::Inbound.into(),
                summary: "Asks for a quote".into(),
                ..Interaction::default()
            }),
            request_id: String::new(),
        };
        InteractionServiceClient::new(caller.clone()).log_interaction(request).await.unwrap();
        assert_eq!(timeline(&caller, &ana).await.len(), 1);
    }

    async fn no_email_follows_a_refusal_that_was_acknowledged(suite: &mut Suite) {
        let caller = suite.administrator().await;
        let ana = ana(&caller).await;
        let senders: Vec<_> = (0..8)
            .map(|_| {
                let (caller, ana) = (caller.clone(), ana.clone());
                tokio::spawn(async move {
                    let mut sent = 0;
                    while contact(&caller, &ana, Channel::Email, Purpose::Sales).await.is_ok() {
                        sent += 1;
                    }
                    sent
                })
            })
            .collect();
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        choose(&caller, &ana, Channel::Email, ChannelChoice::Refused, 0).await;
        let acknowledged = timeline_length(&caller, &ana).await;
        let mut sent = 0;
        for sender in senders {
            sent += sender.await.unwrap();
        }
        assert!(sent > 0, "some were sent before");
        let refused = contact(&caller, &ana, Channel::Email, Purpose::Sales).await.unwrap_err();
        assert_eq!(reason(&refused), "CHANNEL_REFUSED");
        // Those under way when she refused may end; each sender had at most one.
        let after = timeline_length(&caller, &ana).await;
        assert!(after <= acknowledged + 8, "{acknowledged} before, {after} after");
        assert_eq!(after, sent, "every acknowledged e-mail is in her timeline once");
    }
}

async fn timeline_length(caller: &Caller, customer: &str) -> usize {
    let mut interactions = InteractionServiceClient::new(caller.clone());
    let mut request = ListInteractionsRequest {
        parent: customer.to_owned(),
        page_size: 1_000,
        ..ListInteractionsRequest::default()
    };
    let mut length = 0;
    loop {
        let page = interactions
            .list_interactions(request.clone())
            .await
            .unwrap()
            .into_inner();
        length += page.interactions.len();
        if page.next_page_token.is_empty() {
            return length;
        }
        request.page_token = page.next_page_token;
    }
}
