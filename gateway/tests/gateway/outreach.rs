//! An RPC that reaches out asks the customer first.

use prost::Message as _;
use rapport_platform::problem::Problem;
use rapport_proto::rapport::r#type::v1::{Channel, ErrorReason, Purpose};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::kit::{CUSTOMER, Note, PERMIT, Running, Setting, framed, reason};

fn email() -> Note {
    Note {
        customer: CUSTOMER.to_owned(),
        channel: Channel::Email.into(),
        purpose: Purpose::Sales.into(),
        ..Note::default()
    }
}

fn refuses_email() -> Status {
    let code = Code::FailedPrecondition;
    Problem::new(code, ErrorReason::ChannelRefused, "She does not want this.")
        .with_metadata("customer", CUSTOMER)
        .with_metadata("open_channels", "PHONE,SMS")
        .into_status(uuid::Uuid::nil())
}

#[tokio::test]
async fn a_welcome_contact_is_made_and_the_question_is_the_callers() {
    let gateway = Running::start().await;
    let caller = gateway.administrator().await;
    assert_eq!(caller.unary("Send", email()).await.unwrap(), email());
    let (question, context, headers) = &gateway.customers.questions()[0];
    let contact = question.contact.clone().unwrap();
    assert_eq!(contact.customer, CUSTOMER);
    assert_eq!(
        (contact.channel(), contact.purpose()),
        (Channel::Email, Purpose::Sales)
    );
    assert_eq!(context.actor.as_str(), "users/local");
    let call = &gateway.notes.calls()[0];
    assert_eq!(
        headers["x-request-id"], call.headers["x-request-id"],
        "one call, one id"
    );
    assert_eq!(call.headers["x-rapport-permit"], PERMIT);
    let name = format!("{CUSTOMER}/contactPermits/{PERMIT}");
    assert_eq!(gateway.customers.settled(), [("confirmed", name)]);
}

#[tokio::test]
async fn a_call_that_fails_gives_its_permit_back() {
    let gateway = Running::start().await;
    let caller = gateway.administrator().await;
    for (code, settled) in [
        (Code::FailedPrecondition, &["released"][..]),
        (Code::Aborted, &["released", "released"]),
        // It may have been made: the permit counts until it expires.
        (Code::Unavailable, &["released", "released"]),
    ] {
        gateway.notes.will_fail(code);
        let failed = caller.unary("Send", email()).await.unwrap_err();
        assert_eq!(failed.code(), code);
        let told: Vec<_> = gateway
            .customers
            .settled()
            .into_iter()
            .map(|it| it.0)
            .collect();
        assert_eq!(told, settled);
    }
}

#[tokio::test]
async fn callers_cannot_bring_a_permit_of_their_own() {
    let gateway = Running::start().await;
    let mut raw = gateway.raw().await;
    let mut headers = raw.headers();
    let forged = "0199a3c8-0000-7000-8000-0000000000bb".parse().unwrap();
    headers.insert("x-rapport-permit", forged);
    let status = raw
        .status(
            "/test.v1.Notes/Send",
            headers,
            framed(&email().encode_to_vec()),
        )
        .await;
    assert_eq!(status.code(), Code::Ok);
    let call = &gateway.notes.calls()[0];
    assert_eq!(call.headers["x-rapport-permit"], PERMIT);
}

#[tokio::test]
async fn a_refusal_is_in_the_customer_services_words() {
    let gateway = Running::start().await;
    gateway.customers.will_refuse(refuses_email());
    let caller = gateway.administrator().await;
    let refused = caller.unary("Send", email()).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(info.reason, "CHANNEL_REFUSED");
    assert_eq!(info.metadata["open_channels"], "PHONE,SMS");
    assert!(
        gateway.notes.calls().is_empty(),
        "nothing reached the service"
    );
    assert!(gateway.customers.settled().is_empty());
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
async fn a_decoy_customer_is_seen_through() {
    let gateway = Running::start().await;
    gateway.customers.will_refuse(refuses_email());
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
    let contact = question.contact.clone().unwrap();
    assert_eq!(
        (contact.customer.as_str(), contact.channel()),
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
        gateway.customers.will_refuse(answer);
        let refused = caller.unary("Send", email()).await.unwrap_err();
        assert_eq!(refused.code(), expected);
    }
    assert!(gateway.notes.calls().is_empty());
}

#[tokio::test]
async fn a_compressed_outreach_is_judged_too() {
    let gateway = Running::start().await;
    gateway.customers.will_refuse(refuses_email());
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
        .will_refuse(words.into_status(uuid::Uuid::nil()));
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
