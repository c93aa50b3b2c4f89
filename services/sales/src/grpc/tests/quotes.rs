//! Quotes: written, approved, sent and answered.

mod approval;
mod authority;
mod hostile;
mod lifecycle;
mod opportunities;
mod races;
mod revisions;
mod sends;

use std::time::Duration;

use rapport_platform::db::Database;
use rapport_platform::id::new_id;
use rapport_proto::rapport::customer::v1 as customers;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::approval_policy_service_client::ApprovalPolicyServiceClient;
use rapport_proto::rapport::sales::v1::authority_service_client::AuthorityServiceClient;
use rapport_proto::rapport::sales::v1::quote_service_client::QuoteServiceClient;
use rapport_proto::rapport::r#type::v1::Channel;
use tonic::{Response, Status};

use super::prices::euros;
use crate::testing::{Caller, CustomerService, Link};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A company with a customer, a seller, a manager and a director.
///
/// Sven sells, and is free up to 10 %, at prices of his own too. Mona approves up to 20 %, Dora everything.
pub(super) struct Company {
    pub(super) sven: Caller,
    pub(super) mona: Caller,
    pub(super) dora: Caller,
    pub(super) customer: String,
    pub(super) beside: CustomerService,
}

impl Company {
    pub(super) async fn open(db: &Database) -> Self {
        let beside = CustomerService::start().await;
        let caller = Caller::beside(db, beside.service.link(), beside.signer()).await;
        let admin = caller.acting_as("employees/admin");
        let company = Self {
            sven: caller.acting_as("employees/sven"),
            mona: caller.acting_as("employees/mona"),
            dora: caller.acting_as("employees/dora"),
            customer: customer(&beside, &caller).await,
            beside,
        };
        use proto::AuthorityAction::{ApproveQuotes, QuoteFreely};
        for (who, action, level, discount) in [
            ("sven", QuoteFreely, 1, 100_000),
            ("mona", ApproveQuotes, 1, 200_000),
            ("dora", ApproveQuotes, 2, 1_000_000),
        ] {
            let granted = proto::AuthorityGrant {
                covers_unlisted_lines: action == QuoteFreely,
                ..grant(who, action, level, discount)
            };
            admin.grant(granted).await.unwrap();
        }
        company
    }

    pub(super) async fn another_customer(&self) -> String {
        customer(&self.beside, &self.sven).await
    }

    /// A quote with 10 pieces at 100.00 and a discount on them.
    pub(super) async fn quote(&self, discount: i32) -> proto::Quote {
        let quote = self
            .sven
            .create(&self.customer, content(discount), discount);
        quote.await.unwrap()
    }

    /// A quote that Mona approved.
    pub(super) async fn approved(&self, discount: i32) -> proto::Quote {
        let quote = self.sven.submit(&self.quote(discount).await).await.unwrap();
        self.mona.approve(&quote).await.unwrap()
    }

    /// A quote that the customer has.
    pub(super) async fn sent(&self, discount: i32) -> proto::Quote {
        self.sven
            .send(&self.approved(discount).await)
            .await
            .unwrap()
    }
}

async fn customer(beside: &CustomerService, caller: &Caller) -> String {
    let person = customers::Person {
        full_name: "Ada Lovelace".to_owned(),
        ..Default::default()
    };
    let request = customers::CreateCustomerRequest {
        customer: Some(customers::Customer {
            profile: Some(customers::customer::Profile::Person(person)),
            ..Default::default()
        }),
        ..Default::default()
    };
    let mut service = CustomerServiceClient::new(beside.service.link());
    let created = service.create_customer(beside.signed(&caller.ctx, request));
    created.await.unwrap().into_inner().name
}

pub(super) fn line(quantity: &str, cents: i64, discount_ppm: i32) -> proto::QuoteLine {
    proto::QuoteLine {
        description: "Pen".to_owned(),
        quantity: quantity.to_owned(),
        unit_price: euros(cents),
        discount_ppm,
        tax_rate_ppm: 150_000,
        ..Default::default()
    }
}

pub(super) fn content(discount: i32) -> proto::QuoteContent {
    proto::QuoteContent {
        title: "Pens".to_owned(),
        currency_code: "EUR".to_owned(),
        rounding_policy: proto::RoundingPolicy::PerLine.into(),
        tax_treatment: proto::TaxTreatment::Exclusive.into(),
        lines: vec![line("10", 10_000, discount)],
        ..Default::default()
    }
}

pub(super) fn grant(
    who: &str,
    action: proto::AuthorityAction,
    level: i32,
    max_discount_ppm: i32,
) -> proto::AuthorityGrant {
    proto::AuthorityGrant {
        grantee: format!("employees/{who}"),
        action: action.into(),
        level,
        max_discount_ppm,
        ..Default::default()
    }
}

pub(super) fn rule(level: i32) -> proto::ApprovalRule {
    proto::ApprovalRule {
        description: format!("Level {level}"),
        level,
        ..Default::default()
    }
}

fn inner<T>(answer: Result<Response<T>, Status>) -> Result<T, Status> {
    answer.map(Response::into_inner)
}

/// What a caller does in these stories, in few words.
impl Caller {
    pub(super) fn quotes(&self) -> QuoteServiceClient<Link> {
        QuoteServiceClient::new(self.link())
    }

    pub(super) fn authorities(&self) -> AuthorityServiceClient<Link> {
        AuthorityServiceClient::new(self.link())
    }

    pub(super) fn policies(&self) -> ApprovalPolicyServiceClient<Link> {
        ApprovalPolicyServiceClient::new(self.link())
    }

    pub(super) async fn grant(
        &self,
        grant: proto::AuthorityGrant,
    ) -> Result<proto::AuthorityGrant, Status> {
        let request = proto::GrantAuthorityRequest {
            authority_grant: Some(grant),
            ..Default::default()
        };
        inner(self.authorities().grant_authority(request).await)
    }

    /// Lets somebody act for the caller, for a day from now.
    pub(super) async fn lend(&self, delegate: &str) -> Result<proto::AuthorityDelegation, Status> {
        let request = proto::DelegateAuthorityRequest {
            delegate: delegate.to_owned(),
            valid_to_time: Some(self.ctx.now.saturating_add(DAY).into()),
            ..Default::default()
        };
        inner(self.authorities().delegate_authority(request).await)
    }

    pub(super) async fn set_policy(&self, policy: proto::ApprovalPolicy) -> proto::ApprovalPolicy {
        let request = proto::SetApprovalPolicyRequest {
            approval_policy: Some(policy),
            ..Default::default()
        };
        inner(self.policies().set_approval_policy(request).await).unwrap()
    }

    pub(super) async fn create(
        &self,
        customer: &str,
        content: proto::QuoteContent,
        max_discount_ppm: i32,
    ) -> Result<proto::Quote, Status> {
        let request = proto::CreateQuoteRequest {
            quote: Some(proto::Quote {
                customer: customer.to_owned(),
                content: Some(content),
                ..Default::default()
            }),
            max_discount_ppm,
            ..Default::default()
        };
        inner(self.quotes().create_quote(request).await)
    }

    pub(super) async fn read(&self, quote: &proto::Quote) -> Result<proto::Quote, Status> {
        let name = quote.name.clone();
        inner(
            self.quotes()
                .get_quote(proto::GetQuoteRequest { name })
                .await,
        )
    }

    pub(super) async fn revision(&self, quote: &proto::Quote, number: i64) -> proto::QuoteRevision {
        let name = format!("{}/revisions/{number}", quote.name);
        let request = proto::GetQuoteRevisionRequest { name };
        inner(self.quotes().get_quote_revision(request).await).unwrap()
    }

    pub(super) async fn revise(
        &self,
        quote: &proto::Quote,
        content: proto::QuoteContent,
    ) -> Result<proto::Quote, Status> {
        let request = proto::ReviseQuoteRequest {
            name: quote.name.clone(),
            customer: quote.customer.clone(),
            content: Some(content),
            max_discount_ppm: 1_000_000,
            etag: quote.etag.clone(),
            ..Default::default()
        };
        inner(self.quotes().revise_quote(request).await)
    }

    pub(super) async fn submit(&self, quote: &proto::Quote) -> Result<proto::Quote, Status> {
        let request = proto::SubmitQuoteRequest {
            name: quote.name.clone(),
            revision: quote.revision,
            etag: quote.etag.clone(),
            ..Default::default()
        };
        inner(self.quotes().submit_quote(request).await)
    }

    pub(super) async fn approve(&self, quote: &proto::Quote) -> Result<proto::Quote, Status> {
        let request = proto::ApproveQuoteRequest {
            name: quote.name.clone(),
            revision: quote.revision,
            etag: quote.etag.clone(),
            comment: "Go ahead".to_owned(),
            ..Default::default()
        };
        inner(self.quotes().approve_quote(request).await)
    }

    pub(super) async fn decline(&self, quote: &proto::Quote) -> Result<proto::Quote, Status> {
        let request = proto::DeclineQuoteRequest {
            name: quote.name.clone(),
            revision: quote.revision,
            etag: quote.etag.clone(),
            comment: "Too cheap".to_owned(),
            ..Default::default()
        };
        inner(self.quotes().decline_quote(request).await)
    }

    pub(super) fn sending(quote: &proto::Quote) -> proto::SendQuoteRequest {
        proto::SendQuoteRequest {
            name: quote.name.clone(),
            revision: quote.revision,
            customer: quote.customer.clone(),
            channel: Channel::Email.into(),
            ..Default::default()
        }
    }

    /// Sends the quote with the leave that the gateway gets.
    pub(super) async fn send(&self, quote: &proto::Quote) -> Result<proto::Quote, Status> {
        let permitted = self.with(|ctx| ctx.permit = Some(new_id()));
        inner(permitted.quotes().send_quote(Self::sending(quote)).await)
    }

    pub(super) async fn accept(&self, quote: &proto::Quote) -> Result<proto::Quote, Status> {
        let request = proto::AcceptQuoteRequest {
            name: quote.name.clone(),
            revision: quote.revision,
            ..Default::default()
        };
        inner(self.quotes().accept_quote(request).await)
    }

    pub(super) async fn reject(&self, quote: &proto::Quote) -> Result<proto::Quote, Status> {
        let request = proto::RejectQuoteRequest {
            name: quote.name.clone(),
            revision: quote.revision,
            reason: "Too dear".to_owned(),
            ..Default::default()
        };
        inner(self.quotes().reject_quote(request).await)
    }

    pub(super) async fn supersede(
        &self,
        quote: &proto::Quote,
        successor: &proto::Quote,
    ) -> Result<proto::Quote, Status> {
        let request = proto::SupersedeQuoteRequest {
            name: quote.name.clone(),
            successor: successor.name.clone(),
            ..Default::default()
        };
        inner(self.quotes().supersede_quote(request).await)
    }

    /// The titles of the quotes that fit, latest first.
    pub(super) async fn titles(&self, filter: &str) -> Result<Vec<String>, Status> {
        let request = proto::ListQuotesRequest {
            filter: filter.to_owned(),
            ..Default::default()
        };
        let listed = inner(self.quotes().list_quotes(request).await)?;
        Ok(listed.quotes.into_iter().map(|it| it.title).collect())
    }
}
