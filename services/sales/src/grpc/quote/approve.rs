//! Asking for approval, and giving it.

use std::collections::BTreeSet;
use std::sync::Arc;

use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::text::optional_passage;
use rapport_platform::time::Timestamp;
use rapport_proto::RequestId;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;

use super::Quotes;
use super::step::{Changed, Named, require_time};
use crate::domain::authority::{Action, Authority, Held, Level, Limits, NotEntitled, entitle};
use crate::domain::quote::state::{DecisionOutcome, QuoteState, Step};
use crate::error::{Error, faults_of};
use crate::events::quote as events;
use crate::grpc::convert::{approval_policy as policies, quote_revision};
use crate::resource::QUOTE;
use crate::store::entity::approval_policy::Entity as Policies;
use crate::store::entity::quote::Model;
use crate::store::entity::{quote_decision, quote_revision as rows};
use crate::store::quote::{decision, revision};
use crate::store::{authority, versions};

impl Quotes {
    pub(super) async fn submit(
        &self,
        ctx: Context,
        request: proto::SubmitQuoteRequest,
    ) -> Result<proto::Quote, Error> {
        let named = Named {
            name: &request.name,
            revision: Some(request.revision),
            etag: &request.etag,
        };
        let ctx = &ctx;
        self.step(ctx, &request, named, Step::Submit, |txn, row| async move {
            require_time(ctx, &row)?;
            submitted(ctx, &txn, row).await
        })
        .await
    }

    pub(super) async fn approve(
        &self,
        ctx: Context,
        request: proto::ApproveQuoteRequest,
    ) -> Result<proto::Quote, Error> {
        let verdict = Verdict {
            name: &request.name,
            revision: request.revision,
            etag: &request.etag,
            comment: &request.comment,
            outcome: DecisionOutcome::Approved,
        };
        self.decide(&ctx, &request, verdict).await
    }

    pub(super) async fn decline(
        &self,
        ctx: Context,
        request: proto::DeclineQuoteRequest,
    ) -> Result<proto::Quote, Error> {
        let verdict = Verdict {
            name: &request.name,
            revision: request.revision,
            etag: &request.etag,
            comment: &request.comment,
            outcome: DecisionOutcome::Declined,
        };
        self.decide(&ctx, &request, verdict).await
    }

    async fn decide<Req: RequestId>(
        &self,
        ctx: &Context,
        request: &Req,
        verdict: Verdict<'_>,
    ) -> Result<proto::Quote, Error> {
        if verdict.etag.is_empty() {
            return Err(Error::missing("etag"));
        }
        let comment = optional_passage(verdict.comment, 1_000).map_err(faults_of("comment"))?;
        let (comment, outcome) = (&comment, verdict.outcome);
        let named = Named {
            name: verdict.name,
            revision: Some(verdict.revision),
            etag: verdict.etag,
        };
        self.step(ctx, request, named, Step::Decide, |txn, row| async move {
            require_time(ctx, &row)?;
            decided(ctx, txn, row, (outcome, comment.clone())).await
        })
        .await
    }
}

/// What an approver says.
struct Verdict<'r> {
    name: &'r str,
    revision: i64,
    etag: &'r str,
    comment: &'r str,
    outcome: DecisionOutcome,
}

/// The quote once approval of it is asked for.
async fn submitted(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
) -> Result<Changed, Error> {
    let id = (before.quote_id, before.revision);
    let said = revision::document(&revision::get(ctx, txn, id.0, id.1).await?)?;
    let aggregates = quote_revision::promise(&said)?.aggregates;
    let held = authority::of_caller(ctx, txn).await?.held;
    let (policy_version, policy) =
        policies::from_row(versions::latest::<Policies>(ctx, txn).await?)?;
    let levels = policy.levels(&aggregates, &held);
    let ground = revision::Ground {
        levels: &levels,
        policy_version,
        approved_by: None,
    };
    revision::judge(ctx, txn, id, ground).await?;
    let row = Model {
        submitter: Some(ctx.actor.to_string()),
        submit_time: Some(ctx.now),
        submission: before.submission + 1,
        policy_version,
        ..before
    };
    let wait = policy.escalate_after();
    let escalate = wait.map(|wait| ctx.now.saturating_add(wait));
    Ok(Changed {
        row: waiting(row, levels.first().copied(), escalate),
        content: said.content,
        tell: Box::new(events::submitted),
    })
}

/// The quote when it waits for a level next; approved when it waits for none.
fn waiting(row: Model, level: Option<Level>, escalate: Option<Timestamp>) -> Model {
    let Some(level) = level else {
        return Model {
            state: QuoteState::Approved.code(),
            approved_hash: Some(row.content_hash.clone()),
            approved_revision: Some(row.revision),
            pending_level: None,
            asked_level: None,
            escalate_time: None,
            ..row
        };
    };
    Model {
        state: QuoteState::Pending.code(),
        pending_level: Some(level.code()),
        asked_level: Some(level.code()),
        // There is nobody above the highest level.
        escalate_time: escalate.filter(|_| level.above().is_some()),
        ..row
    }
}

/// The quote once an approver decided about its present revision.
async fn decided(
    ctx: &Context,
    txn: Arc<DatabaseTransaction>,
    before: Model,
    (outcome, comment): (DecisionOutcome, Option<String>),
) -> Result<Changed, Error> {
    let txn = &*txn;
    let said = revision::get(ctx, txn, before.quote_id, before.revision).await?;
    let level = before.pending_level.map_or(0, i32::from);
    let level = Level::parse(level).map_err(crate::error::unreadable("reading a pending level"))?;
    let held = authority::of_caller(ctx, txn).await?;
    let by = entitled(ctx, txn, (&before, &said), (&held, level, outcome)).await?;
    let row = quote_decision::Model {
        tenant_id: ctx.tenant,
        quote_id: before.quote_id,
        revision: before.revision,
        decision_id: new_id(),
        submission: before.submission,
        level: level.code(),
        outcome: outcome.code(),
        approver: ctx.actor.to_string(),
        on_behalf_of: by.delegated.then(|| by.grant.grantee.to_string()),
        grant_id: by.id,
        content_hash: before.content_hash.clone(),
        comment,
        decide_time: ctx.now,
    };
    decision::insert(txn, &row).await?;
    let row_after = match outcome {
        DecisionOutcome::Approved => {
            let levels = revision::levels(&said)?;
            approved(ctx, txn, before, (&levels, level)).await?
        }
        DecisionOutcome::Declined => Model {
            state: QuoteState::Draft.code(),
            pending_level: None,
            asked_level: None,
            escalate_time: None,
            ..before
        },
    };
    Ok(Changed {
        row: row_after,
        content: revision::document(&said)?.content,
        tell: events::decided(quote_revision::decision_to_proto(row)?),
    })
}

/// The authority by which the caller decides.
///
/// # Errors
/// `SelfApproval`, `AuthorityMissing`.
async fn entitled<'h>(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (quote, said): (&Model, &rows::Model),
    (authority, level, outcome): (&'h Authority, Level, DecisionOutcome),
) -> Result<&'h Held, Error> {
    let earlier = decision::list(ctx, txn, quote.quote_id, quote.revision).await?;
    let own = |it: &quote_decision::Model| {
        it.submission == quote.submission && it.approver == ctx.actor.as_str()
    };
    let mut involved: Vec<&str> = vec![&quote.owner, &said.author];
    involved.extend(quote.submitter.as_deref());
    let promise = quote_revision::promise(&revision::document(said)?)?;
    let reach = |limits: &Limits| match outcome {
        DecisionOutcome::Approved => limits.cover(&promise.aggregates),
        DecisionOutcome::Declined => true,
    };
    // Each level has an approver of its own.
    let found = match earlier.iter().any(own) {
        true => Err(NotEntitled::OwnWork),
        false => entitle(
            &ctx.actor,
            authority,
            (Action::ApproveQuotes, level),
            reach,
            &involved,
        ),
    };
    found.map_err(|why| {
        let resource = QUOTE.format(&[quote.quote_id]);
        match why {
            NotEntitled::OwnWork => Error::SelfApproval(resource),
            NotEntitled::NotCovered => Error::AuthorityMissing {
                resource,
                level: level.code(),
            },
        }
    })
}

/// The quote once a level approved it.
async fn approved(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
    (levels, level): (&BTreeSet<Level>, Level),
) -> Result<Model, Error> {
    let next = levels.iter().copied().find(|it| *it > level);
    if next.is_none() {
        return Ok(waiting(before, None, None));
    }
    let policy = versions::version::<Policies>(ctx, txn, before.policy_version).await?;
    let (_, policy) = policies::from_row(policy)?;
    let wait = policy.escalate_after();
    let escalate = wait.map(|wait| ctx.now.saturating_add(wait));
    Ok(waiting(before, next, escalate))
}
