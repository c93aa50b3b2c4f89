//! An RPC that reaches out asks the customer first.

use prost::Message as _;
use rapport_proto::rapport::customer::v1::{CheckContactResponse, ContactRefusal};
use rapport_proto::rapport::r#type::v1::{Channel, Purpose};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::kit::{CUSTOMER, Note, Running, Setting, framed, reason};

fn email() -> Note {
    Note {
        customer: CUSTOMER.to_owned(),
        channel: Channel::Email.into(),
        purpose: Purpose::Sales.into(),
        ..Note::default()
    }
}

fn refuses_email() -> CheckContactResponse {
    CheckContactResponse {
        allowed: false,
        refusals: vec![ContactRefusal::ChannelRefused.into()],
        open_channels: vec![Channel::Phone.into(), Channel::Sms.into()],
    }
}

#[tokio::test]
async fn a_welcome_contact_is_made_and_the_question_is_the_callers() {
    let gateway = Running::start().await;
    let caller = gateway.administrator().await;
    assert_eq!(caller.unary("Send", email()).await.unwrap(), email());
    let (question, context, headers) = &gateway.customers.questions()[0];
    assert_eq!(question.customer, CUSTOMER);
    assert_eq!(
        (question.channel(), question.purpose()),
        (Channel::Email, Purpose::Sales)
    );
    assert_eq!(context.actor.as_str(), "users/local");
    let call = &gateway.notes.calls()[0];
    assert_eq!(
        headers["x-request-id"], call.headers["x-request-id"],
        "one call, one id"
    );
}

#[tokio::test]
async fn a_refused_channel_names_the_open_ones_in_the_customers_order() {
    let gateway = Running::start().await;
    gateway.customers.will_answer(Ok(refuses_email()));
    let caller = gateway.administrator().await;
    let refused = caller.unary("Send", email()).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(
        (info.reason.as_str(), info.domain.as_str()),
        ("CHANNEL_REFUSED", "rapport.dev")
    );
    for (key, value) in [
        ("customer", CUSTOMER),
        ("channel", "EMAIL"),
        ("purpose", "SALES"),
        ("open_channels", "PHONE,SMS"),
    ] {
        assert_eq!(info.metadata[key], value);
    }
    let precondition = refused.get_details_precondition_failure().unwrap();
    assert_eq!(precondition.violations[0].subject, CUSTOMER);
    assert!(refused.get_details_request_info().is_some());
    assert!(
        gateway.notes.calls().is_empty(),
        "nothing reached the service"
    );
}

#[tokio::test]
async fn every_purpose_is_asked_about() {
    let gateway = Running::start().await;
    let caller = gateway.administrator().await;
    for purpose in [Purpose::Transactional, Purpose::Legal, Purpose::Marketing] {
        let note = Note {
            purpose: purpose.into(),
            ..email()
        };
        caller.unary("Send", note).await.unwrap();
    }
    assert_eq!(gateway.customers.questions().len(), 3);
}

#[tokio::test]
async fn a_customer_without_address_is_another_reason() {
    let gateway = Running::start().await;
    gateway.customers.will_answer(Ok(CheckContactResponse {
        refusals: vec![ContactRefusal::NoUsableContactPoint.into()],
        ..Default::default()
    }));
    let refused = gateway
        .administrator()
        .await
        .unary("Send", email())
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "NO_USABLE_CONTACT_POINT");
    assert_eq!(
        refused.get_details_error_info().unwrap().metadata["open_channels"],
        ""
    );
}

#[tokio::test]
async fn a_decoy_customer_is_seen_through() {
    let gateway = Running::start().await;
    gateway.customers.will_answer(Ok(refuses_email()));
    let mut raw = gateway.raw().await;
    let decoy = Note {
        customer: "customers/decoy".to_owned(),
        channel: Channel::Phone.into(),
        ..email()
    };
    let bytes = [decoy.encode_to_vec(), email().encode_to_vec()].concat();
    let headers = raw.headers();
    let status = raw
        .status("/test.v1.Notes/Send", headers, framed(&bytes))
        .await;
    assert_eq!(reason(&status), "CHANNEL_REFUSED");
    let (question, ..) = &gateway.customers.questions()[0];
    assert_eq!(
        (question.customer.as_str(), question.channel()),
        (CUSTOMER, Channel::Email)
    );
}

#[tokio::test]
async fn an_outreach_without_customer_channel_or_purpose_is_invalid() {
    let gateway = Running::start().await;
    let refused = gateway
        .administrator()
        .await
        .unary("Send", Note::default())
        .await
        .unwrap_err();
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<&str> = violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(fields, ["customer", "channel", "purpose"]);
    assert!(gateway.customers.questions().is_empty());
}

#[tokio::test]
async fn who_cannot_be_asked_is_not_contacted() {
    let gateway = Running::start().await;
    let caller = gateway.administrator().await;
    for (answer, expected) in [
        (Status::not_found("no such customer"), Code::NotFound),
        (Status::unavailable("restarting"), Code::Unavailable),
        (Status::invalid_argument("customer"), Code::InvalidArgument),
        (Status::unknown("?"), Code::Internal),
    ] {
        gateway.customers.will_answer(Err(answer));
        let refused = caller.unary("Send", email()).await.unwrap_err();
        assert_eq!(refused.code(), expected);
    }
    assert!(gateway.notes.calls().is_empty());
}

#[tokio::test]
async fn a_compressed_outreach_is_judged_too() {
    let gateway = Running::start().await;
    gateway.customers.will_answer(Ok(refuses_email()));
    let caller = gateway
        .administrator()
        .await
        .compressing(tonic::codec::CompressionEncoding::Gzip);
    let refused = caller.unary("Send", email()).await.unwrap_err();
    assert_eq!(reason(&refused), "CHANNEL_REFUSED");
}

#[tokio::test]
async fn the_services_own_words_about_a_customer_are_kept() {
    let gateway = Running::start().await;
    let words = rapport_platform::problem::Problem::not_found(CUSTOMER);
    gateway
        .customers
        .will_answer(Err(words.into_status(uuid::Uuid::nil())));
    let refused = gateway
        .administrator()
        .await
        .unary("Send", email())
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "RESOURCE_NOT_FOUND");
    assert_eq!(
        refused.get_details_error_info().unwrap().metadata["resource"],
        CUSTOMER
    );
}

#[tokio::test]
async fn no_outreach_starts_without_somebody_to_ask() {
    let mut setting = Setting::new();
    setting.link("test.v1", tonic::service::Routes::default());
    let error = setting.build().unwrap_err().to_string();
    assert!(error.contains("rapport.customer.v1"), "{error}");
}
