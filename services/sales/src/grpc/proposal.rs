//! `ProposalService`.

use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::{Actor, Context};
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_platform::rpcs;
use rapport_proto::rapport::sales::v1 as proto;
use tokio::task::spawn_blocking;

use super::convert::proposal as convert;
use super::convert::proposal_template as templates;
use super::{LARGE_ROWS, Shared};
use crate::domain::proposal::document::Document;
use crate::domain::proposal::facts::Facts;
use crate::domain::proposal::pdf::{Fonts, PdfError, pdf};
use crate::domain::proposal::template::{Filled, Template};
use crate::domain::proposal::{html, plain};
use crate::domain::quote::hash::ContentHash;
use crate::error::{Error, unreadable};
use crate::events::proposal as events;
use crate::resource::{PROPOSAL, PROPOSAL_TEMPLATE, QUOTE};
use crate::store::entity::proposal::Model;
use crate::store::entity::{quote, quote_revision};
use crate::store::proposal::{self, template};
use crate::store::quote as quotes;
use crate::store::quote::revision;
use crate::store::seller;

/// Largest document, in bytes: with what surrounds it, it fits an event on any bus.
const MAX_SIZE: usize = 768 * 1024;

/// Longest message, in bytes: what the customer service takes.
pub(super) const MAX_MESSAGE: usize = 64 * 1024;

/// Makes documents of quotes.
pub(crate) struct Proposals(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.ProposalService" for Proposals {
        render_proposal(proto::RenderProposalRequest) -> proto::Proposal = render;
        get_proposal(proto::GetProposalRequest) -> proto::Proposal = get;
        list_proposals(proto::ListProposalsRequest) -> proto::ListProposalsResponse = list;
        download_proposal(proto::DownloadProposalRequest) -> proto::ProposalDocument = download;
    }
}

/// A document in both forms.
struct Rendered {
    title: String,
    message: String,
    html: Vec<u8>,
    pdf: Vec<u8>,
}

impl Proposals {
    /// Everything is read and rendered before the transaction: what it says never changes, and
    /// whether the quote binds is asked again when it is sent.
    async fn render(
        &self,
        ctx: Context,
        request: proto::RenderProposalRequest,
    ) -> Result<proto::Proposal, Error> {
        let [id] = QUOTE.parse("parent", &request.parent)?;
        let [template_id] =
            PROPOSAL_TEMPLATE.parse("proposal_template", &request.proposal_template)?;
        let db = self.0.db.read();
        let quote = quotes::get(&ctx, db, id).await?;
        let number = match request.revision {
            0 => quote.revision,
            number => number,
        };
        let said = revision::get(&ctx, db, id, number).await?;
        let row = template::in_version(&ctx, db, template_id, request.template_version).await?;
        let template = templates::from_row(&row)?;
        let facts = self.0.facts(&ctx, &quote, &said).await?;
        let draft = !facts.binding;
        let content_hash = hash_of(&facts)?;
        let filled = template.fill(&request.merge_fields, &facts);
        let filled = filled.map_err(|faults| faults.at(""))?;
        let language = template.language().to_owned();
        let rendered = &self.0.rendered(filled, template).await?;
        let proposal = &Model {
            tenant_id: ctx.tenant,
            quote_id: id,
            proposal_id: new_id(),
            revision: number,
            content_hash,
            draft,
            template_id,
            template_version: row.version,
            language,
            title: rendered.title.clone(),
            message: rendered.message.clone(),
            html_hash: ContentHash::of_bytes(&rendered.html).bytes().to_vec(),
            html_size: size(&rendered.html),
            pdf_hash: ContentHash::of_bytes(&rendered.pdf).bytes().to_vec(),
            pdf_size: size(&rendered.pdf),
            creator: ctx.actor.to_string(),
            create_time: ctx.now,
        };
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let bytes = (rendered.html.as_slice(), rendered.pdf.as_slice());
                proposal::insert(ctx, &txn, proposal, bytes).await?;
                let proposal = convert::to_proto(proposal.clone())?;
                outbox::append(&txn, ctx, &[events::rendered(&proposal)]).await?;
                Ok(proposal)
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetProposalRequest,
    ) -> Result<proto::Proposal, Error> {
        let ids = PROPOSAL.parse("name", &request.name)?;
        convert::to_proto(proposal::get(&ctx, self.0.db.read(), ids).await?)
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListProposalsRequest,
    ) -> Result<proto::ListProposalsResponse, Error> {
        let proto::ListProposalsRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [id] = QUOTE.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.ProposalService/ListProposals",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, LARGE_ROWS)?;
        let db = self.0.db.read();
        let rows = proposal::list(&ctx, db, id, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.proposal_id)?;
        let proposals = rows.into_iter().map(convert::to_proto);
        Ok(proto::ListProposalsResponse {
            proposals: proposals.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }

    async fn download(
        &self,
        ctx: Context,
        request: proto::DownloadProposalRequest,
    ) -> Result<proto::ProposalDocument, Error> {
        let ids = PROPOSAL.parse("name", &request.name)?;
        let db = self.0.db.read();
        let row = proposal::get(&ctx, db, ids).await?;
        let (hash, media_type, ending) = match request.format() {
            proto::ProposalFormat::Html => (&row.html_hash, HTML, "html"),
            proto::ProposalFormat::Pdf => (&row.pdf_hash, PDF, "pdf"),
            proto::ProposalFormat::Unspecified => return Err(Error::missing("format")),
        };
        Ok(proto::ProposalDocument {
            media_type: media_type.to_owned(),
            file_name: file_name(row.revision, ending),
            sha256: quotes::hash(hash)?.to_string(),
            content: proposal::bytes(&ctx, db, hash).await?,
        })
    }
}

const HTML: &str = "text/html; charset=utf-8";
/// What a PDF is.
pub(super) const PDF: &str = "application/pdf";

/// By what name readers keep a document.
pub(super) fn file_name(revision: i64, ending: &str) -> String {
    format!("Proposal-{revision}.{ending}")
}

/// The hash of what a revision says, as it is stored.
fn hash_of(facts: &Facts) -> Result<Vec<u8>, Error> {
    let hash = ContentHash::shown(&facts.content_hash).ok_or("no SHA-256");
    let hash = hash.map_err(unreadable("reading what a quote said"))?;
    Ok(hash.bytes().to_vec())
}

fn size(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

impl Shared {
    /// What documents show of a revision of a quote.
    ///
    /// # Errors
    /// `Unavailable` while the customer service is; `NotFound` when the customer is gone.
    pub(super) async fn facts(
        &self,
        ctx: &Context,
        quote: &quote::Model,
        said: &quote_revision::Model,
    ) -> Result<Facts, Error> {
        let customer = self.customers.one(ctx, quote.customer_id).await?;
        let owner = Actor::parse(&quote.owner);
        let owner = owner.map_err(unreadable("reading a stored quote"))?;
        let seller = seller::of_principal(ctx, self.db.read(), &owner).await?;
        let present = said.revision == quote.revision;
        let around = convert::Around {
            customer: convert::customer(customer),
            seller: seller.map(|row| row.display_name),
            binding: present && super::quote::binds(ctx, quote)?,
        };
        convert::facts(said, around)
    }

    /// The document in both forms, made beside the threads that answer calls.
    async fn rendered(&self, filled: Filled, template: Template) -> Result<Rendered, Error> {
        let fonts = self.fonts.clone();
        let rendered = spawn_blocking(move || in_both_forms(filled, &template, &fonts)).await;
        rendered.map_err(|error| PlatformError::internal("rendering a proposal", error))?
    }
}

/// The document as the text of a message, or what it is where that is too long.
fn in_short(document: &Document) -> String {
    let text = Some(plain(document)).filter(|text| text.len() <= MAX_MESSAGE);
    text.unwrap_or_else(|| document.title.clone())
}

fn in_both_forms(filled: Filled, template: &Template, fonts: &Fonts) -> Result<Rendered, Error> {
    let Filled { document, message } = filled;
    let page = html(&document);
    let page = page.map_err(|error| PlatformError::internal("rendering a proposal", error))?;
    let pdf = pdf(&document, template.page(), fonts).map_err(|error| match error {
        PdfError::MissingGlyph(it) => Error::FontMissing {
            character: format!("U+{:04X}", u32::from(it)),
        },
        PdfError::Font(_) => PlatformError::internal("rendering a proposal", error).into(),
    })?;
    if page.len().max(pdf.len()) > MAX_SIZE {
        return Err(Error::InvalidState {
            resource: "the document".to_owned(),
            state: "TOO_LARGE",
            why: "is larger than 768 KiB. Make several quotes of it, or say less.",
        });
    }
    Ok(Rendered {
        message: message.unwrap_or_else(|| in_short(&document)),
        title: document.title,
        html: page.into_bytes(),
        pdf,
    })
}
