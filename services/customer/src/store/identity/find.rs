//! Finds the customers that may be the same as one.

use rapport_platform::identity::Context;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{alike, index};
use crate::domain::identity::duplicates::{Match, Score, Traits, compare};
use crate::error::Error;

/// Most records that one is compared with.
pub(super) const MOST_COMPARED: usize = 500;

/// A customer that may be the same.
pub(crate) struct Found {
    /// Which.
    pub(crate) customer: Uuid,
    /// How alike they are.
    pub(crate) matched: Match,
}

/// The customers that are like `traits` by `least` or more, without `own`; the likest first.
pub(crate) async fn find(
    ctx: &Context,
    db: &impl ConnectionTrait,
    traits: &Traits,
    own: Option<Uuid>,
    least: Score,
    limit: usize,
) -> Result<Vec<Found>, Error> {
    let keys = traits.keys();
    let blocks = alike::blocks(ctx, db, &keys).await?;
    let others = alike::sharing(&keys, &blocks, |id| Some(id) != own, MOST_COMPARED);
    let others = index::traits(ctx, db, &others).await?;
    let found = others.into_iter().filter_map(|(customer, other)| {
        let matched = compare(traits, &other).filter(|matched| matched.score >= least)?;
        Some(Found { customer, matched })
    });
    let mut found: Vec<Found> = found.collect();
    found.sort_unstable_by_key(|it| (std::cmp::Reverse(it.matched.score), it.customer));
    found.truncate(limit);
    Ok(found)
}
