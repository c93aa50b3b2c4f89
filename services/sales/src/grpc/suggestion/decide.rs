//! What a customer is offered next, decided once for every channel.

use std::collections::{BTreeMap, BTreeSet};

use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

use super::Suggestions;
use crate::domain::suggestion::{self as domain, Ranked, SuggestionOutcome, SuggestionPolicy};
use crate::error::{Error, faults_of, unreadable};
use crate::events::suggestion as events;
use crate::grpc::convert::suggestion::{self as convert, Answer, Since};
use crate::resource::{self, CUSTOMER};
use crate::store::entity::suggestion_decision::Model;
use crate::store::suggestion::candidate::candidates;
use crate::store::{ownership, product, suggestion};

/// Of how many of her products it is known beforehand that she needs them not; whether she has one
/// that is to be suggested is asked exactly.
const MOST_OWNED: u64 = 200;

impl Suggestions {
    pub(super) async fn decide(
        &self,
        ctx: Context,
        request: proto::DecideSuggestionsRequest,
    ) -> Result<proto::SuggestionDecision, Error> {
        let [asked] = CUSTOMER.parse("customer", &request.customer)?;
        let situation = domain::situation(&request.situation);
        let situation = &situation.map_err(faults_of("situation"))?;
        let customer = self.0.customers.one(&ctx, asked).await?;
        let customer = CUSTOMER.ids(&customer.name).map_or(asked, |[id]| id);
        let (ctx, about) = (&ctx, (customer, situation.as_str()));
        let db = self.0.db.read();
        if let Some(row) = suggestion::latest(ctx, db, about).await?
            && suggestion::holds(&row, ctx.now)
        {
            return told(ctx, db, row).await;
        }
        self.0
            .once(ctx, &request, |txn| async move {
                let before = suggestion::latest(ctx, &*txn, about).await?;
                if let Some(row) = before.as_ref().filter(|it| suggestion::holds(it, ctx.now)) {
                    return told(ctx, &*txn, row.clone()).await;
                }
                let row = decided(ctx, &txn, about).await?;
                suggestion::replace(&txn, before.as_ref(), &row).await?;
                let decision = told(ctx, &*txn, row).await?;
                outbox::append(&txn, ctx, &[events::decided(&decision)]).await?;
                Ok(decision)
            })
            .await
    }
}

async fn decided(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (customer, situation): (Uuid, &str),
) -> Result<Model, Error> {
    let (policy, policy_version) = suggestion::policy_in_force(ctx, txn).await?;
    let mut ranked = worth_suggesting(ctx, txn, &BTreeSet::from([customer]), &policy).await?;
    ranked.truncate(usize::try_from(policy.parts().max_suggestions).unwrap_or_default());
    let them = ranked.iter().map(|it| it.candidate);
    let them = them.flat_map(|it| [it.product, it.because]);
    let products = product::among(ctx, txn, them).await?;
    Ok(Model {
        tenant_id: ctx.tenant,
        decision_id: new_id(),
        customer_id: customer,
        situation: situation.to_owned(),
        content: convert::content(&ranked, &products),
        policy_version,
        decide_time: ctx.now,
        expire_time: ctx.now.saturating_add(policy.valid()),
        present_channel: None,
        present_time: None,
        version: 1,
    })
}

/// What customers may want together, the best first.
pub(in crate::grpc) async fn worth_suggesting(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &BTreeSet<Uuid>,
    policy: &SuggestionPolicy,
) -> Result<Vec<Ranked>, Error> {
    let owned = ownership::owned(ctx, db, customers, MOST_OWNED).await?;
    let owned: BTreeSet<Uuid> = owned.into_values().flatten().collect();
    // What was recorded last comes first.
    let most = usize::try_from(MOST_OWNED).unwrap_or_default();
    let owned: Vec<Uuid> = owned.into_iter().rev().take(most).collect();
    let least = policy.parts().min_common_customers;
    let them: Vec<Uuid> = customers.iter().copied().collect();
    let found = candidates(ctx, db, &them, &owned, least).await?;
    let mut ranked = domain::rank(found, policy);
    let products: Vec<Uuid> = ranked.iter().map(|it| it.candidate.product).collect();
    let theirs = ownership::among(ctx, db, customers, &products).await?;
    ranked.retain(|it| !theirs.contains(&it.candidate.product));
    Ok(ranked)
}

/// The decision, with what became of it.
pub(super) async fn told(
    ctx: &Context,
    db: &impl ConnectionTrait,
    row: Model,
) -> Result<proto::SuggestionDecision, Error> {
    let customer = row.customer_id;
    told_to(ctx, db, customer, row).await
}

/// The decision for a customer who is now part of this one, with what became of it for either.
pub(super) async fn told_to(
    ctx: &Context,
    db: &impl ConnectionTrait,
    now: Uuid,
    row: Model,
) -> Result<proto::SuggestionDecision, Error> {
    let customers = BTreeSet::from([now, row.customer_id]);
    let rows = [Model {
        customer_id: now,
        ..row
    }];
    let since = since(ctx, db, &customers, &rows).await?;
    let [row] = rows;
    convert::to_proto(row, &since)
}

/// What became of everything that these decisions suggest to customers who are one: three
/// statements, however many they are.
pub(super) async fn since(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &BTreeSet<Uuid>,
    rows: &[Model],
) -> Result<Since, Error> {
    let mut products = BTreeSet::new();
    for row in rows {
        let suggested = convert::suggestions(row)?;
        products.extend(suggested.iter().filter_map(convert::product_of));
    }
    let products: Vec<Uuid> = products.into_iter().collect();
    let known = product::among(ctx, db, products.iter().copied()).await?;
    let sold = known.into_values().filter(|it| !it.retired);
    let first = rows.iter().map(|it| it.decide_time).min();
    let asked = (products.as_slice(), first.unwrap_or(ctx.now));
    let mut said = BTreeMap::<_, Vec<_>>::new();
    for it in suggestion::answers(ctx, db, customers, asked).await? {
        let outcome = SuggestionOutcome::try_from(i32::from(it.outcome));
        let answer = Answer {
            outcome: outcome.map_err(unreadable("reading a stored response"))?,
            time: it.respond_time,
            holds: ctx.now < it.hold_until_time,
        };
        said.entry(it.product_id).or_default().push(answer);
    }
    Ok(Since {
        owned: ownership::among(ctx, db, customers, &products).await?,
        sold: sold.map(|it| it.product_id).collect(),
        said,
    })
}

/// The names of products that are still to be offered.
pub(super) async fn open_products(
    ctx: &Context,
    db: &impl ConnectionTrait,
    decision: &proto::SuggestionDecision,
) -> Result<Vec<(String, String)>, Error> {
    let open = decision.suggestions.iter();
    let open = open.filter(|it| it.state() == proto::SuggestionState::Open);
    let ids: Vec<Uuid> = open.filter_map(convert::product_of).collect();
    let known = product::among(ctx, db, ids.iter().copied()).await?;
    let named = ids.iter().filter_map(|id| known.get(id));
    let named = named.map(|it| (resource::product(it.product_id), it.display_name.clone()));
    Ok(named.collect())
}
