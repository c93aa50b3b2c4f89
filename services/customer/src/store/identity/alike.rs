//! Looks up records that share keys.

use std::collections::{BTreeSet, HashMap};

use rapport_platform::identity::Context;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Query, SelectStatement, UnionType};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::domain::identity::duplicates::Key;
use crate::store::entity::blocking_key::{Column, Entity};

/// Most records that share a key before it says nothing any more: the address of a company, a
/// date that a form fills in. Each key has a few such records read, never all.
const LARGEST_BLOCK: u64 = 200;
/// Keys of one statement: SQLite puts at most 500 SELECTs together.
const KEYS_PER_STATEMENT: usize = 400;

/// The records that have each key, without keys that too many have.
pub(super) async fn blocks(
    ctx: &Context,
    db: &impl ConnectionTrait,
    keys: &BTreeSet<Key>,
) -> Result<HashMap<Key, Vec<Uuid>>, DbErr> {
    let mut blocks: HashMap<Key, Vec<Uuid>> = HashMap::with_capacity(keys.len());
    let by_code: HashMap<i64, Key> = keys.iter().map(|key| (key.code(), *key)).collect();
    let keys: Vec<Key> = keys.iter().copied().collect();
    for chunk in keys.chunks(KEYS_PER_STATEMENT) {
        let mut branches = chunk.iter().map(|key| block(ctx, *key));
        let Some(mut all) = branches.next() else {
            break;
        };
        all.unions(branches.map(|branch| (UnionType::All, branch)));
        for row in db.query_all(&all).await? {
            let code: i64 = row.try_get_by_index(0)?;
            if let Some(key) = by_code.get(&code) {
                blocks
                    .entry(*key)
                    .or_default()
                    .push(row.try_get_by_index(1)?);
            }
        }
    }
    blocks.retain(|_, block| block.len() as u64 <= LARGEST_BLOCK);
    Ok(blocks)
}

/// Wrapped once more, because SQLite takes no LIMIT inside a UNION.
fn block(ctx: &Context, key: Key) -> SelectStatement {
    let columns = [Column::Key, Column::CustomerId];
    let few = Query::select()
        .columns(columns)
        .from(Entity)
        .and_where(Expr::col(Column::TenantId).eq(ctx.tenant))
        .and_where(Expr::col(Column::Key).eq(key.code()))
        .limit(LARGEST_BLOCK + 1)
        .to_owned();
    Query::select()
        .columns(columns)
        .from_subquery(few, Alias::new("few"))
        .to_owned()
}

/// The records that share keys with a customer, those that share most first, at most `limit`.
pub(super) fn sharing(
    keys: &BTreeSet<Key>,
    blocks: &HashMap<Key, Vec<Uuid>>,
    wanted: impl Fn(Uuid) -> bool,
    limit: usize,
) -> Vec<Uuid> {
    let mut shared: HashMap<Uuid, usize> = HashMap::new();
    let blocks = keys.iter().filter_map(|key| blocks.get(key));
    for id in blocks.flatten().filter(|id| wanted(**id)) {
        *shared.entry(*id).or_default() += 1;
    }
    let mut ids: Vec<(usize, Uuid)> = shared.into_iter().map(|(id, count)| (count, id)).collect();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.truncate(limit);
    ids.into_iter().map(|(_, id)| id).collect()
}
