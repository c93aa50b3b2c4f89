//! How far plans are, by the facts.

use std::collections::{BTreeSet, HashMap};

use rapport_platform::identity::Context;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::error::Error;
use crate::grpc::convert::account_plan::{self as convert, Found};
use crate::grpc::convert::suggestion;
use crate::grpc::suggestion::worth_suggesting;
use crate::resource::PRODUCT;
use crate::store::account_plan::Record;
use crate::store::account_plan::measure::{self, Scope};
use crate::store::product;
use crate::store::suggestion::policy_in_force;

/// Most products of the white space.
const MOST_WHITE_SPACE: usize = 10;

/// What is found about a plan: a fixed number of statements.
pub(super) async fn found(
    ctx: &Context,
    db: &impl ConnectionTrait,
    record: &Record,
) -> Result<Found, Error> {
    let accounts = record.accounts();
    let scope = Scope {
        accounts: &accounts,
        period: convert::period(&record.row)?,
    };
    let currency = &record.row.currency;
    let (measured, open_count, other_currency_count) =
        measure::sums(ctx, db, scope, currency).await?;
    let goals = convert::content(&record.row)?.product_goals;
    let goals = goals.iter().filter_map(|it| PRODUCT.ids(&it.product));
    let goals: Vec<Uuid> = goals.map(|[id]| id).collect();
    Ok(Found {
        measured,
        open_count,
        other_currency_count,
        placed: measure::placed(ctx, db, scope, &goals).await?,
        white_space: white_space(ctx, db, &accounts).await?,
    })
}

/// What goes with what these customers own together.
async fn white_space(
    ctx: &Context,
    db: &impl ConnectionTrait,
    accounts: &[Uuid],
) -> Result<Vec<proto::Suggestion>, Error> {
    let accounts: BTreeSet<Uuid> = accounts.iter().copied().collect();
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let (policy, _) = policy_in_force(ctx, db).await?;
    let mut ranked = worth_suggesting(ctx, db, &accounts, &policy).await?;
    ranked.truncate(MOST_WHITE_SPACE);
    let them = ranked.iter().map(|it| it.candidate);
    let them = them.flat_map(|it| [it.product, it.because]);
    let products: HashMap<_, _> = product::among(ctx, db, them).await?;
    let told = ranked
        .iter()
        .map(|it| suggestion::to_suggestion(it, &products));
    Ok(told.collect())
}
