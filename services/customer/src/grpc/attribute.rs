//! `AttributeService`.

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;

use super::Shared;
use super::convert::attribute as convert;
use crate::domain::attributes::{AttributeDefinition, AttributeKey, MAX_DEFINITIONS};
use crate::error::{Error, faults_of};
use crate::resource;
use crate::store::attribute_definition;

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 200,
};

/// Keeps the tenants' schemas of custom attributes.
pub(crate) struct Attributes(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.AttributeService" for Attributes {
        create_attribute_definition(proto::CreateAttributeDefinitionRequest)
            -> proto::AttributeDefinition = create;
        get_attribute_definition(proto::GetAttributeDefinitionRequest)
            -> proto::AttributeDefinition = get;
        list_attribute_definitions(proto::ListAttributeDefinitionsRequest)
            -> proto::ListAttributeDefinitionsResponse = list;
        update_attribute_definition(proto::UpdateAttributeDefinitionRequest)
            -> proto::AttributeDefinition = update;
        delete_attribute_definition(proto::DeleteAttributeDefinitionRequest) -> () = delete;
    }
}

impl Attributes {
    async fn create(
        &self,
        ctx: Context,
        request: proto::CreateAttributeDefinitionRequest,
    ) -> Result<proto::AttributeDefinition, Error> {
        let key = AttributeKey::parse(&request.attribute_definition_id)
            .map_err(faults_of("attribute_definition_id"))?;
        let sent = request.attribute_definition.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("attribute_definition"))?;
        let definition = AttributeDefinition::parse(key, &convert::parts(sent))
            .map_err(faults_of("attribute_definition"))?;
        let (ctx, definition) = (&ctx, &definition);
        self.0
            .once(ctx, &request, |txn| async move {
                let row = attribute_definition::insert(ctx, &txn, definition).await?;
                still_bounded(ctx, &txn).await?;
                convert::to_proto(row)
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetAttributeDefinitionRequest,
    ) -> Result<proto::AttributeDefinition, Error> {
        let key = resource::attribute_key("name", &request.name)?;
        convert::to_proto(attribute_definition::get(&ctx, self.0.db.read(), &key).await?)
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListAttributeDefinitionsRequest,
    ) -> Result<proto::ListAttributeDefinitionsResponse, Error> {
        let proto::ListAttributeDefinitionsRequest {
            page_size,
            page_token,
        } = request;
        let list = ListRequest {
            method: "rapport.customer.v1.AttributeService/ListAttributeDefinitions",
            query: Fingerprint::of(&[]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let (after, limit) = (page.after.clone(), page.limit());
        let rows = attribute_definition::list(&ctx, self.0.db.read(), after, limit).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.key.clone())?;
        let attribute_definitions = rows
            .into_iter()
            .map(convert::to_proto)
            .collect::<Result<_, _>>()?;
        Ok(proto::ListAttributeDefinitionsResponse {
            attribute_definitions,
            next_page_token,
        })
    }

    async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateAttributeDefinitionRequest,
    ) -> Result<proto::AttributeDefinition, Error> {
        let sent = request.attribute_definition.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("attribute_definition"))?;
        let key = &resource::attribute_key("attribute_definition.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::AttributeDefinition>(mask, &convert::DEFINITION)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let before = attribute_definition::get(ctx, &*txn, key).await?;
                Etag::check(&sent.name, &sent.etag, before.version)?;
                let merged = mask.merge(&convert::to_proto(before.clone())?, sent)?;
                let definition = attribute_definition::from_row(&before)?
                    .revise(&convert::parts(&merged))
                    .map_err(faults_of("attribute_definition"))?;
                let row = attribute_definition::update(ctx, &txn, before, &definition).await?;
                convert::to_proto(row)
            })
            .await
    }

    async fn delete(
        &self,
        ctx: Context,
        request: proto::DeleteAttributeDefinitionRequest,
    ) -> Result<(), Error> {
        let key = &resource::attribute_key("name", &request.name)?;
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        self.0
            .once(ctx, &request, |txn| async move {
                let row = attribute_definition::get(ctx, &*txn, key).await?;
                Etag::check(name, etag, row.version)?;
                attribute_definition::delete(ctx, &txn, key).await
            })
            .await
    }
}

/// Refuses one definition too many. Definitions made at the same instant may exceed the bound
/// by as many: it keeps schemas readable, and nothing depends on it.
async fn still_bounded(ctx: &Context, txn: &DatabaseTransaction) -> Result<(), Error> {
    let count = attribute_definition::count(ctx, txn).await?;
    if usize::try_from(count).is_ok_and(|count| count <= MAX_DEFINITIONS) {
        return Ok(());
    }
    Err(Error::InvalidState {
        resource: "attributeDefinitions".to_owned(),
        state: "FULL",
        why: "has 200 definitions. Delete those that nobody records any more.",
    })
}
