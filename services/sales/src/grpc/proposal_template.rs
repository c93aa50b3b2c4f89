//! `ProposalTemplateService`.

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_platform::rpcs;
use rapport_proto::rapport::sales::v1 as proto;

use super::convert::proposal_template as convert;
use super::{LARGE_ROWS, Shared};
use crate::error::{Error, faults_of};
use crate::events::proposal as events;
use crate::resource::PROPOSAL_TEMPLATE;
use crate::store::proposal::template;

/// Keeps what proposals look like.
pub(crate) struct ProposalTemplates(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.ProposalTemplateService" for ProposalTemplates {
        create_proposal_template(proto::CreateProposalTemplateRequest)
            -> proto::ProposalTemplate = create;
        get_proposal_template(proto::GetProposalTemplateRequest) -> proto::ProposalTemplate = get;
        list_proposal_templates(proto::ListProposalTemplatesRequest)
            -> proto::ListProposalTemplatesResponse = list;
        update_proposal_template(proto::UpdateProposalTemplateRequest)
            -> proto::ProposalTemplate = update;
        delete_proposal_template(proto::DeleteProposalTemplateRequest) -> () = delete;
    }
}

impl ProposalTemplates {
    async fn create(
        &self,
        ctx: Context,
        request: proto::CreateProposalTemplateRequest,
    ) -> Result<proto::ProposalTemplate, Error> {
        let sent = request.proposal_template.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("proposal_template"))?;
        convert::parse(sent).map_err(faults_of("proposal_template"))?;
        let (ctx, document) = (&ctx, &convert::document(sent));
        self.0
            .once(ctx, &request, |txn| async move {
                let row = template::insert(ctx, &txn, document).await?;
                let created = convert::to_proto(row)?;
                outbox::append(&txn, ctx, &[events::template_changed(&created)]).await?;
                Ok(created)
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetProposalTemplateRequest,
    ) -> Result<proto::ProposalTemplate, Error> {
        let [id] = PROPOSAL_TEMPLATE.parse("name", &request.name)?;
        let row = template::in_version(&ctx, self.0.db.read(), id, request.version).await?;
        convert::to_proto(row)
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListProposalTemplatesRequest,
    ) -> Result<proto::ListProposalTemplatesResponse, Error> {
        let proto::ListProposalTemplatesRequest {
            page_size,
            page_token,
        } = request;
        let list = ListRequest {
            method: "rapport.sales.v1.ProposalTemplateService/ListProposalTemplates",
            query: Fingerprint::of(&[]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, LARGE_ROWS)?;
        let rows = template::list(&ctx, self.0.db.read(), page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.template_id)?;
        let proposal_templates = rows.into_iter().map(convert::to_proto);
        Ok(proto::ListProposalTemplatesResponse {
            proposal_templates: proposal_templates.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }

    async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateProposalTemplateRequest,
    ) -> Result<proto::ProposalTemplate, Error> {
        let sent = request.proposal_template.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("proposal_template"))?;
        let [id] = PROPOSAL_TEMPLATE.parse("proposal_template.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::ProposalTemplate>(mask, &convert::UPDATABLE)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let before = template::get(ctx, &*txn, id).await?;
                Etag::check(&sent.name, &sent.etag, before.version)?;
                let merged = mask.merge(&convert::to_proto(before.clone())?, sent)?;
                convert::parse(&merged).map_err(faults_of("proposal_template"))?;
                let document = convert::document(&merged);
                let row = template::update(ctx, &txn, before, &document).await?;
                let updated = convert::to_proto(row)?;
                outbox::append(&txn, ctx, &[events::template_changed(&updated)]).await?;
                Ok(updated)
            })
            .await
    }

    async fn delete(
        &self,
        ctx: Context,
        request: proto::DeleteProposalTemplateRequest,
    ) -> Result<(), Error> {
        let [id] = PROPOSAL_TEMPLATE.parse("name", &request.name)?;
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        self.0
            .once(ctx, &request, |txn| async move {
                let row = template::get(ctx, &*txn, id).await?;
                Etag::check(name, etag, row.version)?;
                template::delete(ctx, &txn, &row).await?;
                let event = events::template_deleted(name, row.version);
                outbox::append(&txn, ctx, &[event]).await?;
                Ok(())
            })
            .await
    }
}
