//! How often and how a quote was sent, whatever became of it since.

use futures::future::join_all;
use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as customer;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::r#type::v1::Channel;
use sea_orm::EntityTrait as _;
use sea_orm::sea_query::Expr;
use tonic::{Code, Status};

use super::super::proposals::{of, offer};
use super::opportunities::merge;
use super::{Company, content, inner};
use crate::domain::quote::hash::ContentHash;
use crate::resource::CUSTOMER_MERGE;
use crate::store::entity::quote_send::{Column, Entity};
use crate::testing::{Caller, reason};

impl Caller {
    async fn page_of_sends(
        &self,
        quote: &proto::Quote,
        (page_size, page_token): (i32, &str),
    ) -> Result<proto::ListQuoteSendsResponse, Status> {
        let request = proto::ListQuoteSendsRequest {
            parent: quote.name.clone(),
            page_size,
            page_token: page_token.to_owned(),
        };
        inner(self.quotes().list_quote_sends(request).await)
    }

    /// Every time that the quote was sent, latest first.
    pub(super) async fn sends(&self, quote: &proto::Quote) -> Vec<proto::QuoteSend> {
        self.page_of_sends(quote, (0, "")).await.unwrap().sends
    }
}

/// A message of the caller's own, on paper.
fn letter(quote: &proto::Quote) -> proto::SendQuoteRequest {
    proto::SendQuoteRequest {
        channel: Channel::Post.into(),
        message: "As agreed.".to_owned(),
        ..Caller::sending(quote)
    }
}

/// Whose contact points and permits the sends name.
async fn named(company: &Company, quote: &proto::Quote) -> Vec<String> {
    let sends = company.sven.sends(quote).await;
    let names = sends
        .into_iter()
        .flat_map(|it| [it.contact_point, it.contact_permit]);
    names.collect()
}

on_each_engine! {
    async fn what_was_sent_outlives_later_sends_and_revisions(db: Database) {
        let company = Company::open(&db).await;
        let (sven, quote) = (&company.sven, company.approved(150_000).await);
        let point = company.with_email().await;
        let template = sven.template(offer()).await.unwrap();
        let made = sven.render(of(&quote, &template)).await.unwrap();
        let (first, second) = (company.leave().await, new_id());
        let document = proto::SendQuoteRequest {
            proposal: made.name.clone(), contact_point: point.name.clone(), ..Caller::sending(&quote)
        };
        company.send_with(first, document).await.unwrap();
        let again = company.send_with(second, letter(&quote)).await.unwrap();
        let revised = sven.revise(&again, content(140_000)).await.unwrap();
        assert_eq!((revised.send_channel(), revised.send_time.is_none()), (Channel::Unspecified, true));

        let sends = sven.sends(&quote).await;
        let permit = |id| format!("{}/contactPermits/{id}", company.customer);
        let hash = |text: &str| ContentHash::of_bytes(text.as_bytes()).to_string();
        let told = |at: usize| proto::QuoteSend {
            revision: 1, content_hash: quote.content_hash.clone(), sender: "employees/sven".to_owned(),
            name: sends[at].name.clone(), send_time: again.send_time, ..Default::default()
        };
        let by_mail = proto::QuoteSend {
            channel: Channel::Email.into(), contact_point: point.name, contact_permit: permit(first),
            proposal: made.name, document_hash: made.pdf_sha256, message_hash: hash(&made.message), ..told(1)
        };
        let on_paper = proto::QuoteSend {
            channel: Channel::Post.into(), contact_permit: permit(second), message_hash: hash("As agreed."), ..told(0)
        };
        assert_eq!(sends, [on_paper, by_mail]);
        assert!(sends.iter().all(|it| it.name.starts_with(&format!("{}/sends/", quote.name))));

        sven.send(&revised).await.unwrap();
        let sent = sven.sends(&quote).await;
        assert_eq!((sent.len(), sent[0].revision, &sent[0].content_hash), (3, 2, &revised.content_hash));
        assert_eq!(sent[1..], sends);
    }

    async fn sends_are_read_page_by_page_and_by_nobody_else(db: Database) {
        let company = Company::open(&db).await;
        let (sven, quote) = (&company.sven, company.sent(150_000).await);
        company.send_with(new_id(), letter(&quote)).await.unwrap();
        let other = company.sent(150_000).await;
        let page = sven.page_of_sends(&quote, (1, "")).await.unwrap();
        assert_eq!((page.sends.len(), page.sends[0].channel()), (1, Channel::Post));
        let token = page.next_page_token.as_str();
        let next = sven.page_of_sends(&quote, (1, token)).await.unwrap();
        assert_eq!((next.sends[0].channel(), next.next_page_token.as_str()), (Channel::Email, ""));
        let elsewhere = sven.page_of_sends(&other, (1, token)).await.unwrap_err();
        assert_eq!(reason(&elsewhere), "INVALID_PAGE_TOKEN");
        let stranger = sven.of_another_tenant().page_of_sends(&quote, (0, "")).await.unwrap_err();
        assert_eq!(stranger.code(), Code::NotFound);
    }

    async fn only_what_left_is_noted_and_once(db: Database) {
        let company = Company::open(&db).await;
        let (draft, quote) = (company.quote(150_000).await, company.approved(150_000).await);
        company.sven.send(&draft).await.unwrap_err();
        assert!(company.sven.sends(&draft).await.is_empty());
        let request = proto::SendQuoteRequest { request_id: new_id().to_string(), ..letter(&quote) };
        let permit = new_id();
        for sent in join_all((0..4).map(|_| company.send_with(permit, request.clone()))).await {
            assert!(sent.is_ok() || sent.unwrap_err().code() == Code::Aborted, "the retry of a retry");
        }
        assert_eq!(company.sven.sends(&quote).await.len(), 1);
    }

    async fn nobody_rewrites_what_was_sent(db: Database) {
        let company = Company::open(&db).await;
        let quote = company.sent(150_000).await;
        let before = company.sven.sends(&quote).await;
        let forged = Entity::update_many().col_expr(Column::Sender, Expr::value("employees/eve"));
        let forged = &forged;
        let written = db.write_txn(|txn| async move {
            forged.clone().exec(&*txn).await?;
            Ok::<_, crate::error::Error>(())
        });
        assert!(written.await.is_err());
        assert_eq!(company.sven.sends(&quote).await, before);
    }

    async fn sends_follow_a_merged_customer_and_find_back(db: Database) {
        let company = Company::open(&db).await;
        let quote = company.approved(150_000).await;
        let id = CUSTOMER_MERGE.format(&[new_id()]);
        let (point, survivor) = (company.with_email().await, company.another_customer().await);
        let mail = proto::SendQuoteRequest { contact_point: point.name.clone(), ..Caller::sending(&quote) };
        let permit = new_id();
        company.send_with(permit, mail).await.unwrap();
        let before = [point.name, format!("{}/contactPermits/{permit}", company.customer)];
        assert_eq!(named(&company, &quote).await, before);
        merge(&company, (&id, false), &survivor).await;
        let since = before.clone().map(|it| it.replace(&company.customer, &survivor));
        assert_eq!(named(&company, &quote).await, since, "the customer service moved them as well");
        merge(&company, (&id, true), &survivor).await;
        assert_eq!(named(&company, &quote).await, before);
        let erased = customer::CustomerErased { customer: company.customer.clone(), ..Default::default() };
        company.sven.hear(&company.customer, 9, &erased).await;
        assert_eq!(company.sven.read(&quote).await.unwrap().customer, company.customer);
        assert_eq!(named(&company, &quote).await, before, "like the quote, of which they are part");
    }
}
