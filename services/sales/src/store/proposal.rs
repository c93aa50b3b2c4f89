//! Documents of quotes, and what they look like.

pub(crate) mod template;

use rapport_platform::identity::Context;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::entity::proposal::{Column, Entity, Model};
use super::entity::proposal_content as content;
use crate::error::{Error, unreadable};
use crate::resource::{PROPOSAL, QUOTE};

/// Most documents of one quote.
const MOST: u64 = 1_000;

/// One document.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    [quote, id]: [Uuid; 2],
) -> Result<Model, Error> {
    let found = Entity::find_by_id((ctx.tenant, quote, id)).one(db).await?;
    found.ok_or_else(|| Error::not_found(PROPOSAL.format(&[quote, id])))
}

/// Documents of a quote from behind `after` on, latest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    quote: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::QuoteId.eq(quote))
        .filter(Condition::all().add_option(after.map(|after| Column::ProposalId.lt(after))))
        .order_by_desc(Column::ProposalId)
        .limit(limit)
        .all(db)
        .await?)
}

/// Records a document with its bytes; bytes that are kept already are kept once.
///
/// # Errors
/// `InvalidState` when the quote has too many. Those recorded at the same instant may exceed the
/// bound by as many.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: &Model,
    (html, pdf): (&[u8], &[u8]),
) -> Result<(), Error> {
    let of_quote = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::QuoteId.eq(row.quote_id));
    if of_quote.count(txn).await? >= MOST {
        return Err(Error::InvalidState {
            resource: QUOTE.format(&[row.quote_id]),
            state: "FULL",
            why: "has 1,000 proposals. Make another quote.",
        });
    }
    let kept = [(&row.html_hash, html), (&row.pdf_hash, pdf)];
    let kept = kept.map(|(hash, bytes)| content::Model {
        tenant_id: ctx.tenant,
        hash: hash.clone(),
        content: bytes.to_vec(),
        create_time: ctx.now,
    });
    content::Entity::insert_many(kept.map(content::Model::into_active_model))
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(txn)
        .await?;
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// The bytes that have a hash.
pub(crate) async fn bytes(
    ctx: &Context,
    db: &impl ConnectionTrait,
    hash: &[u8],
) -> Result<Vec<u8>, Error> {
    let found = content::Entity::find_by_id((ctx.tenant, hash.to_vec())).one(db);
    let found = found.await?.ok_or("its bytes are not kept");
    Ok(found
        .map_err(unreadable("reading a stored proposal"))?
        .content)
}
