//! One customer's choice, obeyed on every channel.

use anyhow::Context as _;
use rapport_proto::rapport::customer::v1::conversation_service_client::ConversationServiceClient;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::rapport::customer::v1::interaction_service_client::InteractionServiceClient;
use rapport_proto::rapport::customer::v1::preference_service_client::PreferenceServiceClient;
use rapport_proto::rapport::customer::v1::view_service_client::ViewServiceClient;
use rapport_proto::rapport::customer::v1::{
    ChannelChoice, Conversation, CreateConversationRequest, Customer, Direction,
    GetCustomerContextRequest, Interaction, InteractionOutcome, LogInteractionRequest, Preference,
    SearchCustomersRequest, SendMessageRequest, SetPreferencesRequest,
};
use rapport_proto::rapport::r#type::v1::{Channel, Purpose};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::people::SYSTEM;
use crate::client::Caller;
use crate::terminal::say;

/// Tells the story of the first customer of the demo.
pub(crate) async fn tell(caller: Caller) -> anyhow::Result<()> {
    let anna = find(caller.clone()).await?;
    let name = &anna.display_name;
    say(&format!(
        "2. Found {name} ({}) by the e-mail address.",
        anna.name
    ));

    refuse_email(caller.clone(), &anna).await?;
    say(&format!(
        "3. {name} asks for no more e-mail about offers; calls are welcome."
    ));

    let refusal = send(caller.clone(), &anna, Channel::Email).await;
    let open = refused_in_favour_of(refusal)?;
    say(&format!(
        "4. Marketing tries to e-mail an offer. Refused: CHANNEL_REFUSED, open instead: {open}."
    ));
    anyhow::ensure!(open.starts_with("PHONE"), "phone was not offered first");

    let call = send(caller.clone(), &anna, Channel::Phone).await?;
    say(&format!(
        "5. A seller plans a call instead. Allowed: {}.",
        call.name
    ));

    let conversation = ask_on_the_web(caller.clone(), &anna).await?;
    say(&format!(
        "6. {name} asks about an invoice on the web site: {}.",
        conversation.name
    ));

    continue_in_the_call_centre(caller, &anna, &call, &conversation).await
}

async fn find(caller: Caller) -> anyhow::Result<Customer> {
    let request = SearchCustomersRequest {
        query: "customer1@example.com".into(),
        ..SearchCustomersRequest::default()
    };
    let found = CustomerServiceClient::new(caller)
        .search_customers(request)
        .await?;
    let mut customers = found
        .into_inner()
        .results
        .into_iter()
        .filter_map(|one| one.customer);
    customers
        .find(|customer| {
            let ids = &customer.external_ids;
            ids.iter().any(|id| id.system == SYSTEM && id.id == "1")
        })
        .context("the first imported customer can't be found")
}

async fn refuse_email(caller: Caller, customer: &Customer) -> anyhow::Result<()> {
    let preference = |channel: Channel, choice: ChannelChoice, rank| Preference {
        purpose: Purpose::Unspecified.into(),
        channel: channel.into(),
        choice: choice.into(),
        rank,
        ..Preference::default()
    };
    let request = SetPreferencesRequest {
        name: format!("{}/preferences", customer.name),
        entries: vec![
            preference(Channel::Phone, ChannelChoice::Allowed, 1),
            preference(Channel::Email, ChannelChoice::Refused, 0),
        ],
        ..SetPreferencesRequest::default()
    };
    PreferenceServiceClient::new(caller)
        .set_preferences(request)
        .await?;
    Ok(())
}

async fn send(
    caller: Caller,
    customer: &Customer,
    channel: Channel,
) -> Result<Interaction, Status> {
    let request = SendMessageRequest {
        customer: customer.name.clone(),
        channel: channel.into(),
        purpose: Purpose::Marketing.into(),
        subject: "Your personal spring offer".into(),
        request_id: uuid::Uuid::now_v7().to_string(),
        ..SendMessageRequest::default()
    };
    let sent = InteractionServiceClient::new(caller)
        .send_message(request)
        .await?;
    Ok(sent.into_inner())
}

/// The open channels that the refusal names; an error when it was no such refusal.
fn refused_in_favour_of(outcome: Result<Interaction, Status>) -> anyhow::Result<String> {
    let Err(status) = outcome else {
        anyhow::bail!("the e-mail was let through");
    };
    let info = status
        .get_details_error_info()
        .context("the refusal names no reason")?;
    anyhow::ensure!(
        status.code() == Code::FailedPrecondition && info.reason == "CHANNEL_REFUSED",
        "refused for another reason: {status}"
    );
    Ok(info
        .metadata
        .get("open_channels")
        .cloned()
        .unwrap_or_default())
}

async fn ask_on_the_web(caller: Caller, customer: &Customer) -> anyhow::Result<Conversation> {
    let request = CreateConversationRequest {
        parent: customer.name.clone(),
        conversation: Some(Conversation {
            subject: "Invoice of last month".into(),
            ..Conversation::default()
        }),
        ..CreateConversationRequest::default()
    };
    let conversation = ConversationServiceClient::new(caller.clone())
        .create_conversation(request)
        .await?
        .into_inner();
    let request = LogInteractionRequest {
        parent: customer.name.clone(),
        interaction: Some(Interaction {
            channel: Channel::Web.into(),
            direction: Direction::Inbound.into(),
            conversation: conversation.name.clone(),
            agent: "systems/web-shop".into(),
            summary: "Asks why the invoice shows two deliveries".into(),
            outcome: InteractionOutcome::FollowUp.into(),
            ..Interaction::default()
        }),
        ..LogInteractionRequest::default()
    };
    InteractionServiceClient::new(caller)
        .log_interaction(request)
        .await?;
    Ok(conversation)
}

async fn continue_in_the_call_centre(
    caller: Caller,
    customer: &Customer,
    call: &Interaction,
    conversation: &Conversation,
) -> anyhow::Result<()> {
    let request = GetCustomerContextRequest {
        customer: customer.name.clone(),
    };
    let context = ViewServiceClient::new(caller)
        .get_customer_context(request)
        .await?
        .into_inner();
    let sees_call = context
        .recent_interactions
        .iter()
        .any(|one| one.name == call.name);
    let question = context.open_conversations.iter().find(|open| {
        open.conversation
            .as_ref()
            .is_some_and(|open| open.name == conversation.name)
    });
    let question = question.and_then(|open| open.recent_interactions.first());
    let question = question.context("the question is not in the context")?;
    anyhow::ensure!(sees_call, "the planned call is not in the context");
    say(&format!(
        "7. The call centre opens {} and sees at once: the planned call, and \"{}\" on the web. Nobody asks twice.",
        customer.display_name, question.summary
    ));
    Ok(())
}
