//! A proposal leaves as it was rendered, whatever happens on the way.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use rapport_tests::mail::MailProcess;
use rapport_tests::{Dynamic, Engine, Suite, Tenant};
use serde_json::{Value, json};

async fn call(caller: &Dynamic, method: &str, request: Value) -> Value {
    let answer = caller.call(&format!("rapport.{method}"), request).await;
    answer.unwrap_or_else(|status| panic!("{method}: {status}"))
}

async fn ana(caller: &Dynamic) -> Value {
    let ana = json!({"customer": {"person": {"fullName": "Ana Müller"}}});
    let ana = call(caller, "customer.v1.CustomerService/CreateCustomer", ana).await["name"].take();
    let point = json!({"parent": ana, "contactPoint": {"email": "ana@example.com"}});
    call(
        caller,
        "customer.v1.ContactPointService/CreateContactPoint",
        point,
    )
    .await;
    ana
}

/// A quote for pens that speaks for the company, since the manager approved it.
async fn quote(caller: &Dynamic, manager: &Dynamic, customer: &Value) -> Value {
    let grant = json!({"authorityGrant": {
        "grantee": "employees/mona", "action": "AUTHORITY_ACTION_APPROVE_QUOTES", "level": 1,
    }});
    call(caller, "sales.v1.AuthorityService/GrantAuthority", grant).await;
    let quote = json!({"quote": {"customer": customer, "content": {
        "title": "Pens", "currencyCode": "CHF", "roundingPolicy": "ROUNDING_POLICY_PER_LINE",
        "taxTreatment": "TAX_TREATMENT_EXCLUSIVE",
        "lines": [{
            "description": "Pen", "quantity": "10", "taxRatePpm": 81_000,
            "unitPrice": {"currencyCode": "CHF", "units": "100"},
        }],
    }}});
    let quote = call(caller, "sales.v1.QuoteService/CreateQuote", quote).await;
    let submit = json!({"name": quote["name"], "revision": "1"});
    let quote = call(caller, "sales.v1.QuoteService/SubmitQuote", submit).await;
    let approve = json!({"name": quote["name"], "revision": "1", "etag": quote["etag"]});
    call(manager, "sales.v1.QuoteService/ApproveQuote", approve).await
}

async fn proposal(caller: &Dynamic, quote: &Value) -> Value {
    let template = json!({"proposalTemplate": {
        "displayName": "Offer", "languageCode": "de-CH",
        "numberFormat": "NUMBER_FORMAT_APOSTROPHE_POINT",
        "dateFormat": "DATE_FORMAT_DAY_MONTH_YEAR_POINTS",
        "timeZone": "Europe/Zurich", "pageSize": "PAGE_SIZE_A4",
        "title": "Offerte {{ quote.title }}",
        "message": "Guten Tag {{ customer.display_name }}, anbei unsere Offerte.",
        "blocks": [{"heading": "Offerte"}, {"lines": {}}, {"totals": {}}],
    }});
    let template = call(
        caller,
        "sales.v1.ProposalTemplateService/CreateProposalTemplate",
        template,
    )
    .await;
    let render = json!({"parent": quote["name"], "proposalTemplate": template["name"]});
    call(caller, "sales.v1.ProposalService/RenderProposal", render).await
}

async fn a_proposal_is_mailed_as_it_was_rendered(engine: Engine) {
    let mut server = MailProcess::start().await;
    let mut suite = Suite::start_with(engine, server.settings()).await;
    let tenant = Tenant::new();
    let token = |who: &str| suite.provider().token(tenant, who, &["admin"]);
    let (sven, mona) = (token("employees/sven"), token("employees/mona"));
    let (seller, manager) = (suite.dynamic(&sven).await, suite.dynamic(&mona).await);
    let ana = ana(&seller).await;
    let quote = quote(&seller, &manager, &ana).await;
    let proposal = proposal(&seller, &quote).await;

    let send = json!({
        "name": quote["name"], "revision": "1", "customer": ana, "channel": "CHANNEL_EMAIL",
        "proposal": proposal["name"],
    });
    let sent = call(&seller, "sales.v1.QuoteService/SendQuote", send).await;
    assert_eq!(sent["sendHash"], proposal["pdfSha256"]);
    // Wherever the message is now, it is not lost.
    suite.kill_and_restart().await;

    let mail = server.mail().await;
    assert_eq!(mail["to"], json!(["ana@example.com"]));
    let seller = suite.dynamic(&sven).await;
    let download = json!({"name": proposal["name"], "format": "PROPOSAL_FORMAT_PDF"});
    let document = call(
        &seller,
        "sales.v1.ProposalService/DownloadProposal",
        download,
    )
    .await;
    assert_eq!(document["sha256"], sent["sendHash"]);
    let text = mail["content"].as_str().unwrap().replace("\r\n", "");
    assert!(
        text.contains(document["content"].as_str().unwrap()),
        "the document goes along"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    a_proposal_is_mailed_as_it_was_rendered(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    a_proposal_is_mailed_as_it_was_rendered(Engine::Postgres).await;
}
