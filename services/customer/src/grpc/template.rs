//! `TemplateService`.

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;

use super::Shared;
use super::convert::template as convert;
use crate::domain::template::{Template, TemplateId};
use crate::error::{Error, faults_of};
use crate::resource::{self, CUSTOMER};
use crate::store::{customer, template};

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 200,
};
/// Most templates of a tenant.
const MAX_TEMPLATES: u64 = 1_000;

/// Keeps messages that are written once and sent to many.
pub(crate) struct Templates(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.TemplateService" for Templates {
        create_template(proto::CreateTemplateRequest) -> proto::Template = create;
        get_template(proto::GetTemplateRequest) -> proto::Template = get;
        list_templates(proto::ListTemplatesRequest) -> proto::ListTemplatesResponse = list;
        update_template(proto::UpdateTemplateRequest) -> proto::Template = update;
        delete_template(proto::DeleteTemplateRequest) -> () = delete;
        preview_template(proto::PreviewTemplateRequest) -> proto::PreviewTemplateResponse = preview;
    }
}

impl Templates {
    async fn create(
        &self,
        ctx: Context,
        request: proto::CreateTemplateRequest,
    ) -> Result<proto::Template, Error> {
        let id = &TemplateId::parse(&request.template_id).map_err(faults_of("template_id"))?;
        let sent = request.template.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("template"))?;
        let written = &Template::parse(&convert::parts(sent)).map_err(faults_of("template"))?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let row = template::insert(ctx, &txn, id, written).await?;
                still_bounded(ctx, &txn).await?;
                convert::to_proto(row)
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetTemplateRequest,
    ) -> Result<proto::Template, Error> {
        let id = resource::template_id("name", &request.name)?;
        convert::to_proto(template::get(&ctx, self.0.db.read(), &id).await?)
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListTemplatesRequest,
    ) -> Result<proto::ListTemplatesResponse, Error> {
        let proto::ListTemplatesRequest {
            page_size,
            page_token,
        } = request;
        let list = ListRequest {
            method: "rapport.customer.v1.TemplateService/ListTemplates",
            query: Fingerprint::of(&[]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let (after, limit) = (page.after.clone(), page.limit());
        let rows = template::list(&ctx, self.0.db.read(), after, limit).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.template_id.clone())?;
        let templates = rows.into_iter().map(convert::to_proto);
        Ok(proto::ListTemplatesResponse {
            templates: templates.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }

    async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateTemplateRequest,
    ) -> Result<proto::Template, Error> {
        let sent = request.template.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("template"))?;
        let id = &resource::template_id("template.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::Template>(mask, &convert::TEMPLATE)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let before = template::get(ctx, &*txn, id).await?;
                Etag::check(&sent.name, &sent.etag, before.version)?;
                let merged = mask.merge(&convert::to_proto(before.clone())?, sent)?;
                let written =
                    Template::parse(&convert::parts(&merged)).map_err(faults_of("template"))?;
                convert::to_proto(template::update(ctx, &txn, before, &written).await?)
            })
            .await
    }

    async fn delete(
        &self,
        ctx: Context,
        request: proto::DeleteTemplateRequest,
    ) -> Result<(), Error> {
        let id = &resource::template_id("name", &request.name)?;
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        self.0
            .once(ctx, &request, |txn| async move {
                let row = template::get(ctx, &*txn, id).await?;
                Etag::check(name, etag, row.version)?;
                template::delete(ctx, &txn, id).await
            })
            .await
    }

    async fn preview(
        &self,
        ctx: Context,
        request: proto::PreviewTemplateRequest,
    ) -> Result<proto::PreviewTemplateResponse, Error> {
        let proto::PreviewTemplateRequest {
            name,
            customer,
            merge_fields,
        } = request;
        let id = resource::template_id("name", &name)?;
        let [customer_id] = CUSTOMER.parse("customer", &customer)?;
        let db = self.0.db.read();
        let template = template::from_row(&template::get(&ctx, db, &id).await?)?;
        let customer = customer::get(&ctx, db, customer_id).await?;
        let rendered = template
            .render(&merge_fields, &convert::customer_fields(&customer)?)
            .map_err(|faults| faults.at(""))?;
        Ok(proto::PreviewTemplateResponse {
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html.unwrap_or_default(),
        })
    }
}

/// Refuses one template too many. Templates made at the same instant may exceed the bound by as
/// many: it keeps lists readable, and nothing depends on it.
async fn still_bounded(ctx: &Context, txn: &DatabaseTransaction) -> Result<(), Error> {
    if template::count(ctx, txn).await? <= MAX_TEMPLATES {
        return Ok(());
    }
    Err(Error::InvalidState {
        resource: "templates".to_owned(),
        state: "FULL",
        why: "has 1,000 templates. Delete those that nobody sends any more.",
    })
}
