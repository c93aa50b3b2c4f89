//! What quotes say: new content, and how far an approval reaches to it.

use std::collections::{BTreeSet, HashSet};

use rapport_platform::identity::Context;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::Quotes;
use super::step::{Changed, Named};
use crate::domain::quote::aggregates::Aggregates;
use crate::domain::quote::content::{Content, Draft, Prices};
use crate::domain::quote::envelope::Approval;
use crate::domain::quote::hash::ContentHash;
use crate::domain::quote::state::{DecisionOutcome, QuoteState, Step};
use crate::error::{Error, faults_of};
use crate::events::quote as events;
use crate::grpc::convert::{approval_policy as policies, quote as convert, quote_revision};
use crate::resource::{self, CUSTOMER, OPPORTUNITY, PRODUCT, QUOTE};
use crate::store::entity::approval_policy::Entity as Policies;
use crate::store::entity::quote::Model;
use crate::store::quote::{decision, revision};
use crate::store::{authority, price, price_book, product, versions};

/// Most revisions of a quote.
const MOST_REVISIONS: i64 = 1_000;

/// Content that was just written.
pub(super) struct Written {
    pub(super) content: Content,
    pub(super) aggregates: Aggregates,
    pub(super) hash: ContentHash,
    pub(super) document: proto::QuoteRevision,
}

impl Written {
    /// Refuses a larger discount than the caller, and the rules that judged his call, had in mind.
    pub(super) fn check_discount(&self, most: i32) -> Result<(), Error> {
        let given = self.aggregates.line_discount;
        if given <= most {
            return Ok(());
        }
        let why = format!("is below the {given} parts per million that a line gets in all");
        Err(Error::invalid("max_discount_ppm", why))
    }
}

/// Prices a draft, as prices are now; `field` is where the request has it.
pub(super) async fn write(
    ctx: &Context,
    txn: &DatabaseTransaction,
    draft: &Draft,
    (customer, opportunity): (Uuid, Option<Uuid>),
    field: &str,
) -> Result<Written, Error> {
    let customer = resource::customer(customer);
    let opportunity = opportunity.map(|id| OPPORTUNITY.format(&[id]));
    require_products(ctx, txn, (draft, field), &HashSet::new()).await?;
    written(ctx, txn, draft, (&customer, opportunity.as_deref()), field).await
}

async fn written(
    ctx: &Context,
    txn: &DatabaseTransaction,
    draft: &Draft,
    (customer, opportunity): (&str, Option<&str>),
    field: &str,
) -> Result<Written, Error> {
    let prices = prices(ctx, txn, draft).await?;
    let content = draft.clone().price(&prices, ctx.now);
    let content = content.map_err(faults_of(field))?;
    let hash = ContentHash::of(customer, opportunity.unwrap_or_default(), &content);
    let aggregates = Aggregates::of(&content);
    let document = quote_revision::document(&content, &aggregates, hash);
    Ok(Written {
        content,
        aggregates,
        hash,
        document,
    })
}

/// Refuses products that do not exist, and those that are no longer sold, but for those that the
/// quote has `kept`.
async fn require_products(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (draft, field): (&Draft, &str),
    kept: &HashSet<Uuid>,
) -> Result<(), Error> {
    let known = product::among(ctx, txn, draft.products()).await?;
    // Products of prices exist, or their prices don't.
    let missing = draft
        .lines
        .iter()
        .position(|line| line.product.is_some_and(|id| !known.contains_key(&id)));
    if let Some(line) = missing {
        let field = format!("{field}.lines[{line}].product");
        return Err(Error::invalid(field, "does not exist"));
    }
    let is_retired = |id: &Uuid| known.get(id).is_some_and(|it| it.retired);
    let mut new = draft.products().filter(|id| !kept.contains(id));
    new.find(is_retired).map_or(Ok(()), |id| {
        Err(Error::InvalidState {
            resource: PRODUCT.format(&[id]),
            state: "RETIRED",
            why: "is retired. Quote a product that is sold.",
        })
    })
}

/// The products that a quote offers as it stands.
async fn offered(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: &Model,
) -> Result<HashSet<Uuid>, Error> {
    let said = revision::get(ctx, txn, row.quote_id, row.revision).await?;
    let content = revision::document(&said)?.content.unwrap_or_default();
    let lines = content.lines.iter();
    let named = lines.filter_map(|line| PRODUCT.parse("product", &line.product).ok());
    Ok(named.map(|[id]| id).collect())
}

/// The prices that a draft names, those that exist, with their books.
async fn prices(ctx: &Context, txn: &DatabaseTransaction, draft: &Draft) -> Result<Prices, Error> {
    let named: BTreeSet<[Uuid; 2]> = draft.prices().collect();
    if named.is_empty() {
        return Ok(Prices::new());
    }
    let books: BTreeSet<Uuid> = named.iter().map(|[book, _]| *book).collect();
    let products: BTreeSet<Uuid> = named.iter().map(|[_, product]| *product).collect();
    let entries = price::among(ctx, txn, books.iter().copied(), products).await?;
    let books = price_book::among(ctx, txn, books).await?;
    let mut prices = Prices::new();
    for row in entries {
        let id = [row.price_book_id, row.product_id];
        let book = books
            .iter()
            .find(|it| it.price_book_id == row.price_book_id);
        if let Some(book) = book.filter(|_| named.contains(&id)) {
            let book = price_book::from_row(book)?;
            prices.insert(id, (book, price::from_row(&row)?));
        }
    }
    Ok(prices)
}

impl Quotes {
    pub(super) async fn revise(
        &self,
        ctx: Context,
        request: proto::ReviseQuoteRequest,
    ) -> Result<proto::Quote, Error> {
        let [id] = QUOTE.parse("name", &request.name)?;
        let [customer] = CUSTOMER.parse("customer", &request.customer)?;
        let sent = request.content.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("content"))?;
        let draft = &convert::draft(sent).map_err(faults_of("content"))?;
        let named = Named {
            name: &request.name,
            revision: None,
            etag: &request.etag,
        };
        if named.etag.is_empty() {
            return Err(Error::missing("etag"));
        }
        // The terms of another would judge what this one is offered.
        self.require_customer(&ctx, id, customer).await?;
        let (ctx, most) = (&ctx, request.max_discount_ppm);
        self.step(ctx, &request, named, Step::Revise, |txn, row| async move {
            if row.revision >= MOST_REVISIONS {
                return Err(Error::InvalidState {
                    resource: QUOTE.format(&[row.quote_id]),
                    state: "FULL",
                    why: "has 1,000 revisions. Make another quote.",
                });
            }
            let opportunity = row.opportunity_id.map(|id| OPPORTUNITY.format(&[id]));
            let names = (row.customer.as_str(), opportunity.as_deref());
            let kept = offered(ctx, &txn, &row).await?;
            require_products(ctx, &txn, (draft, "content"), &kept).await?;
            let written = written(ctx, &txn, draft, names, "content").await?;
            written.check_discount(most)?;
            let content = written.document.content.clone();
            Ok(Changed {
                row: revised(ctx, &txn, row, written).await?,
                content,
                tell: Box::new(events::revised),
            })
        })
        .await
    }
}

/// The quote with new content, which keeps its approval if that reaches so far.
async fn revised(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
    written: Written,
) -> Result<Model, Error> {
    let id = (before.quote_id, before.revision + 1);
    revision::insert(ctx, txn, id, &written.document).await?;
    let hash = written.hash.bytes().to_vec();
    let kept = keeps(ctx, txn, &before, &written).await?;
    let (state, approved_hash, policy_version) = match kept {
        Some(version) => (QuoteState::Approved, Some(hash.clone()), version),
        None => (
            QuoteState::Draft,
            before.approved_hash,
            before.policy_version,
        ),
    };
    let total = written.content.total();
    Ok(Model {
        title: written.content.title,
        currency: written.content.currency.code().to_owned(),
        net: total.net,
        tax: total.tax,
        revision: before.revision + 1,
        content_hash: hash,
        approved_hash,
        expire_time: written.content.expire,
        state: state.code(),
        policy_version,
        pending_level: None,
        asked_level: None,
        escalate_time: None,
        send_channel: None,
        send_time: None,
        send_proposal_id: None,
        send_hash: None,
        reject_reason: None,
        ..before
    })
}

/// Whether the approval of a quote reaches to what was written: the version of the policy that
/// agrees.
async fn keeps(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: &Model,
    written: &Written,
) -> Result<Option<i64>, Error> {
    let is_approved = [QuoteState::Approved, QuoteState::Sent]
        .iter()
        .any(|state| state.code() == before.state)
        && before.approved_hash.as_ref() == Some(&before.content_hash);
    let Some(base) = before.approved_revision.filter(|_| is_approved) else {
        return Ok(None);
    };
    let said = revision::get(ctx, txn, before.quote_id, base).await?;
    let decisions = decision::list(ctx, txn, before.quote_id, base).await?;
    let approving: Vec<_> = decisions
        .into_iter()
        .filter(|it| it.outcome == DecisionOutcome::Approved.code())
        .collect();
    let grants = approving.iter().map(|it| it.grant_id);
    let approval = Approval {
        promise: quote_revision::promise(&revision::document(&said)?)?,
        levels: revision::levels(&said)?,
        limits: authority::limits(ctx, txn, grants).await?,
        approvers: approving.into_iter().map(|it| it.approver).collect(),
    };
    let held = authority::of_caller(ctx, txn).await?.held;
    let policy = versions::latest::<Policies>(ctx, txn).await?;
    let (policy_version, policy) = policies::from_row(policy)?;
    let levels = policy.levels(&written.aggregates, &held);
    let promise = quote_revision::promise(&written.document)?;
    if !approval.reaches(&promise, &levels, ctx.actor.as_str()) {
        return Ok(None);
    }
    let ground = revision::Ground {
        levels: &levels,
        policy_version,
        approved_by: Some(base),
    };
    let id = (before.quote_id, before.revision + 1);
    revision::judge(ctx, txn, id, ground).await?;
    Ok(Some(policy_version))
}
