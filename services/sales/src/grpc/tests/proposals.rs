//! Quotes as documents: what they look like, and how they reach their customers.

mod send;
mod templates;

use std::collections::BTreeMap;

use rapport_platform::db::Database;
use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::proposal_service_client::ProposalServiceClient;
use rapport_proto::rapport::sales::v1::proposal_template_service_client::ProposalTemplateServiceClient;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use tonic::{Code, Response, Status};

use super::quotes::{Company, content};
use crate::domain::quote::hash::ContentHash;
use crate::store::entity::{proposal, proposal_content};
use crate::testing::{Caller, Link, fields, metadata, reason};

fn inner<T>(answer: Result<Response<T>, Status>) -> Result<T, Status> {
    answer.map(Response::into_inner)
}

fn block(kind: proto::proposal_block::Kind) -> proto::ProposalBlock {
    proto::ProposalBlock { kind: Some(kind) }
}

pub(super) fn offer() -> proto::ProposalTemplate {
    use proto::proposal_block::Kind;
    let paragraph = "Guten Tag {{ customer.display_name }}\n{{ intro }}";
    proto::ProposalTemplate {
        display_name: "Offer".to_owned(),
        language_code: "de-CH".to_owned(),
        number_format: proto::NumberFormat::ApostrophePoint.into(),
        date_format: proto::DateFormat::DayMonthYearPoints.into(),
        time_zone: "Europe/Zurich".to_owned(),
        page_size: proto::PageSize::A4.into(),
        title: "Offerte {{ quote.title }}".to_owned(),
        message: "Anbei unsere Offerte über {{ quote.gross_amount }}.".to_owned(),
        blocks: vec![
            block(Kind::Heading("Offerte".to_owned())),
            block(Kind::Paragraph(paragraph.to_owned())),
            block(Kind::Lines(proto::ProposalLines::default())),
            block(Kind::Totals(proto::ProposalTotals {})),
        ],
        merge_fields: vec![proto::ProposalMergeField {
            key: "intro".to_owned(),
            description: "What comes first".to_owned(),
        }],
        ..Default::default()
    }
}

impl Caller {
    pub(super) fn proposals(&self) -> ProposalServiceClient<Link> {
        ProposalServiceClient::new(self.link())
    }

    pub(super) fn proposal_templates(&self) -> ProposalTemplateServiceClient<Link> {
        ProposalTemplateServiceClient::new(self.link())
    }

    pub(super) async fn template(
        &self,
        template: proto::ProposalTemplate,
    ) -> Result<proto::ProposalTemplate, Status> {
        let request = proto::CreateProposalTemplateRequest {
            proposal_template: Some(template),
            ..Default::default()
        };
        inner(
            self.proposal_templates()
                .create_proposal_template(request)
                .await,
        )
    }

    pub(super) async fn render(
        &self,
        request: proto::RenderProposalRequest,
    ) -> Result<proto::Proposal, Status> {
        inner(self.proposals().render_proposal(request).await)
    }

    async fn download(
        &self,
        proposal: &proto::Proposal,
        format: proto::ProposalFormat,
    ) -> Result<proto::ProposalDocument, Status> {
        let request = proto::DownloadProposalRequest {
            name: proposal.name.clone(),
            format: format.into(),
        };
        inner(self.proposals().download_proposal(request).await)
    }
}

pub(super) fn of(
    quote: &proto::Quote,
    template: &proto::ProposalTemplate,
) -> proto::RenderProposalRequest {
    proto::RenderProposalRequest {
        parent: quote.name.clone(),
        proposal_template: template.name.clone(),
        merge_fields: BTreeMap::from([("intro".to_owned(), "Wie besprochen".to_owned())]),
        ..Default::default()
    }
}

async fn count(db: &Database) -> (u64, u64) {
    let proposals = proposal::Entity::find().count(db.read()).await.unwrap();
    let contents = proposal_content::Entity::find()
        .count(db.read())
        .await
        .unwrap();
    (proposals, contents)
}

on_each_engine! {
    async fn a_proposal_is_kept_with_its_bytes(db: Database) {
        let company = Company::open(&db).await;
        let (sven, approved) = (&company.sven, company.approved(150_000).await);
        let template = sven.template(offer()).await.unwrap();
        let made = sven.render(of(&approved, &template)).await.unwrap();
        assert_eq!((made.quote_revision, made.template_version, made.draft), (1, 1, false));
        assert_eq!((made.title.as_str(), made.language_code.as_str()), ("Offerte Pens", "de-CH"));
        assert!(made.message.starts_with("Anbei unsere Offerte über "), "{}", made.message);
        assert_eq!(made.quote_content_hash, approved.content_hash);
        let name = made.name.clone();
        assert_eq!(inner(sven.proposals().get_proposal(proto::GetProposalRequest { name }).await).unwrap(), made);

        let html = sven.download(&made, proto::ProposalFormat::Html).await.unwrap();
        let page = String::from_utf8(html.content.clone()).unwrap();
        assert!(page.contains("Guten Tag Ada Lovelace\nWie besprochen"), "{page}");
        assert_eq!((html.media_type.as_str(), html.file_name.as_str()), ("text/html; charset=utf-8", "Proposal-1.html"));
        let pdf = sven.download(&made, proto::ProposalFormat::Pdf).await.unwrap();
        assert!(pdf.content.starts_with(b"%PDF-1.7"));
        for (document, hash, size) in [(&html, &made.html_sha256, made.html_size_bytes), (&pdf, &made.pdf_sha256, made.pdf_size_bytes)] {
            assert_eq!(&ContentHash::of_bytes(&document.content).to_string(), hash);
            assert_eq!((&document.sha256, document.content.len() as i64), (hash, size));
        }
        let announced = company.sven.announced().await;
        assert_eq!(announced.last().unwrap(), "ProposalRendered");
    }

    async fn the_same_input_is_rendered_to_the_same_bytes_kept_once(db: Database) {
        let company = Company::open(&db).await;
        let (sven, quote) = (&company.sven, company.approved(150_000).await);
        let template = sven.template(offer()).await.unwrap();
        let request = proto::RenderProposalRequest { request_id: new_id().to_string(), ..of(&quote, &template) };
        let first = sven.render(request.clone()).await.unwrap();
        assert_eq!(sven.render(request.clone()).await.unwrap(), first, "a repeated request");
        assert_eq!(count(&db).await, (1, 2));
        let again = sven.render(of(&quote, &template)).await.unwrap();
        assert_eq!((&again.pdf_sha256, &again.html_sha256), (&first.pdf_sha256, &first.html_sha256));
        assert_eq!(count(&db).await, (2, 2));
        let other = BTreeMap::from([("intro".to_owned(), "Anders".to_owned())]);
        let reused = sven.render(proto::RenderProposalRequest { merge_fields: other, ..request }).await.unwrap_err();
        assert_eq!(reason(&reused), "REQUEST_ID_REUSED");

        let list = |page_size, page_token: String| proto::ListProposalsRequest { parent: quote.name.clone(), page_size, page_token };
        let page = inner(sven.proposals().list_proposals(list(1, String::new())).await).unwrap();
        assert_eq!(page.proposals, [again]);
        let page = inner(sven.proposals().list_proposals(list(1, page.next_page_token)).await).unwrap();
        assert_eq!((page.proposals, page.next_page_token.as_str()), (vec![first], ""));
    }

    async fn what_can_not_be_rendered_is_told(db: Database) {
        let company = Company::open(&db).await;
        let (sven, quote) = (&company.sven, company.quote(0).await);
        let template = sven.template(offer()).await.unwrap();
        let good = of(&quote, &template);
        let unfilled = sven.render(proto::RenderProposalRequest { merge_fields: BTreeMap::new(), ..good.clone() }).await.unwrap_err();
        assert_eq!(fields(&unfilled), ["merge_fields.intro"]);
        let chinese = BTreeMap::from([("intro".to_owned(), "王小明".to_owned())]);
        let unshown = sven.render(proto::RenderProposalRequest { merge_fields: chinese, ..good.clone() }).await.unwrap_err();
        assert_eq!((unshown.code(), reason(&unshown), metadata(&unshown, "character")), (Code::FailedPrecondition, "FONT_MISSING".to_owned(), "U+738B".to_owned()));
        for missing in [
            proto::RenderProposalRequest { parent: format!("quotes/{}", new_id()), ..good.clone() },
            proto::RenderProposalRequest { revision: 2, ..good.clone() },
            proto::RenderProposalRequest { proposal_template: format!("proposalTemplates/{}", new_id()), ..good.clone() },
            proto::RenderProposalRequest { template_version: 2, ..good.clone() },
        ] {
            assert_eq!(reason(&sven.render(missing).await.unwrap_err()), "RESOURCE_NOT_FOUND");
        }
        assert_eq!(reason(&sven.of_another_tenant().render(good).await.unwrap_err()), "RESOURCE_NOT_FOUND");
        assert_eq!(count(&db).await, (0, 0));
    }

    async fn an_earlier_revision_is_shown_as_it_was_and_as_a_draft(db: Database) {
        let company = Company::open(&db).await;
        let (sven, quote) = (&company.sven, company.approved(150_000).await);
        let template = sven.template(offer()).await.unwrap();
        let cheaper = proto::QuoteContent { title: "Cheaper".to_owned(), ..content(160_000) };
        let revised = sven.revise(&quote, cheaper).await.unwrap();
        let old = sven.render(proto::RenderProposalRequest { revision: 1, ..of(&quote, &template) }).await.unwrap();
        assert_eq!((old.title.as_str(), old.draft, &old.quote_content_hash), ("Offerte Pens", true, &quote.content_hash));
        let new = sven.render(of(&quote, &template)).await.unwrap();
        assert_eq!((new.title.as_str(), new.draft, &new.quote_content_hash), ("Offerte Cheaper", true, &revised.content_hash));
        let html = sven.download(&new, proto::ProposalFormat::Html).await.unwrap();
        assert!(String::from_utf8(html.content).unwrap().contains("Draft, not binding"));
    }
}
