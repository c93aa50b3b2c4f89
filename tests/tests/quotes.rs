//! A quote leaves when it speaks for the company and its customer lets us.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use std::time::Duration;

use rapport_tests::{Dynamic, Tenant, metadata, on_each_engine, reason};
use serde_json::{Value, json};
use tonic::Status;

async fn sales(caller: &Dynamic, method: &str, request: Value) -> Result<Value, Status> {
    caller
        .call(&format!("rapport.sales.v1.{method}"), request)
        .await
}

async fn customers(caller: &Dynamic, method: &str, request: Value) -> Value {
    let answer = caller
        .call(&format!("rapport.customer.v1.{method}"), request)
        .await;
    answer.unwrap_or_else(|status| panic!("{method}: {status}"))
}

/// Ana, who refuses e-mail and welcomes calls.
async fn ana(caller: &Dynamic) -> Value {
    let ana = json!({"customer": {"person": {"fullName": "Ana Müller"}}});
    let name = customers(caller, "CustomerService/CreateCustomer", ana).await["name"].clone();
    for address in [
        json!({"email": "ana@example.com"}),
        json!({"phone": "+41446681800"}),
    ] {
        let point = json!({"parent": name, "contactPoint": address});
        customers(caller, "ContactPointService/CreateContactPoint", point).await;
    }
    let preferences = format!("{}/preferences", name.as_str().unwrap());
    let entries = json!([
        {"channel": "CHANNEL_EMAIL", "choice": "CHANNEL_CHOICE_REFUSED"},
        {"channel": "CHANNEL_PHONE", "choice": "CHANNEL_CHOICE_ALLOWED", "rank": 1},
    ]);
    let preferences = json!({"name": preferences, "entries": entries});
    customers(caller, "PreferenceService/SetPreferences", preferences).await;
    name
}

async fn send(caller: &Dynamic, quote: &Value, channel: &str) -> Result<Value, Status> {
    let request = json!({
        "name": quote["name"], "revision": "1", "customer": quote["customer"], "channel": channel,
    });
    sales(caller, "QuoteService/SendQuote", request).await
}

/// What became of the leave to contact the customer, the latest first, once it is settled.
async fn permits(caller: &Dynamic, customer: &Value) -> Vec<String> {
    loop {
        let list = json!({"customer": customer});
        let list = customers(caller, "ContactPermitService/ListContactPermits", list).await;
        let states: Vec<String> = list["contactPermits"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| {
                it["state"]
                    .as_str()
                    .unwrap()
                    .replace("CONTACT_PERMIT_STATE_", "")
            })
            .collect();
        if !states.iter().any(|state| state == "RESERVED") {
            return states;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

on_each_engine! {
    async fn a_quote_goes_out_once_approved_on_a_channel_that_its_customer_wants(suite: &mut Suite) {
        let tenant = Tenant::new();
        let token = |who: &str| suite.provider().token(tenant, who, &["admin"]);
        let (sven, mona) = (token("employees/sven"), token("employees/mona"));
        let (sven, mona) = (suite.dynamic(&sven).await, suite.dynamic(&mona).await);
        let grant = json!({"authorityGrant": {
            "grantee": "employees/mona", "action": "AUTHORITY_ACTION_APPROVE_QUOTES",
            "level": 1, "maxDiscountPpm": 200_000,
        }});
        sales(&sven, "AuthorityService/GrantAuthority", grant).await.unwrap();
        let ana = ana(&sven).await;
        let quote = json!({"maxDiscountPpm": 150_000, "quote": {"customer": ana, "content": {
            "title": "Pens", "currencyCode": "EUR", "roundingPolicy": "ROUNDING_POLICY_PER_LINE",
            "taxTreatment": "TAX_TREATMENT_EXCLUSIVE",
            "lines": [{
                "description": "Pen", "quantity": "10", "discountPpm": 150_000,
                "unitPrice": {"currencyCode": "EUR", "units": "100"}, "taxRatePpm": 81_000,
            }],
        }}});
        let nothing = json!({"quote": {"customer": ana, "content": {"title": "Nothing"}}});
        let invalid = sales(&sven, "QuoteService/CreateQuote", nothing).await.unwrap_err();
        assert_eq!(reason(&invalid), "INVALID_FIELD");
        let quote = sales(&sven, "QuoteService/CreateQuote", quote).await.unwrap();
        let submit = json!({"name": quote["name"], "revision": "1"});
        let pending = sales(&sven, "QuoteService/SubmitQuote", submit).await.unwrap();
        assert_eq!(pending["state"], "QUOTE_STATE_PENDING");

        let early = send(&sven, &quote, "CHANNEL_PHONE").await.unwrap_err();
        assert_eq!(reason(&early), "QUOTE_NOT_BINDING");
        assert_eq!(permits(&sven, &ana).await, ["RELEASED"], "the call that was not made does not count");

        let decide = json!({"name": quote["name"], "revision": "1", "etag": pending["etag"]});
        let own = sales(&sven, "QuoteService/ApproveQuote", decide.clone()).await.unwrap_err();
        assert_eq!(reason(&own), "SELF_APPROVAL");
        let approved = sales(&mona, "QuoteService/ApproveQuote", decide).await.unwrap();
        assert_eq!(approved["binding"], true);

        let refused = send(&sven, &quote, "CHANNEL_EMAIL").await.unwrap_err();
        assert_eq!(reason(&refused), "CHANNEL_REFUSED");
        assert!(metadata(&refused, "open_channels").starts_with("PHONE"));
        let sent = send(&sven, &quote, "CHANNEL_PHONE").await.unwrap();
        assert_eq!(sent["state"], "QUOTE_STATE_SENT");
        let permits = permits(&sven, &ana).await;
        assert!(permits.contains(&"CONFIRMED".to_owned()), "{permits:?}");
        let accept = json!({"name": quote["name"], "revision": "1"});
        let accepted = sales(&mona, "QuoteService/AcceptQuote", accept).await.unwrap();
        assert_eq!(accepted["state"], "QUOTE_STATE_ACCEPTED");
    }
}
