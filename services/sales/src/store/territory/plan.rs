//! What models say of customers, ready to be asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use rapport_platform::identity::{Context, TenantId};
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{CaseStatement, Expr};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DbBackend, EntityTrait as _, QueryFilter as _,
    QuerySelect as _,
};
use uuid::Uuid;

use super::{fact, pin, rule, tree};
use crate::domain::territory::{Cause, Node, ranked};
use crate::error::Error;
use crate::store::entity::customer_fact;
use crate::store::entity::customer_territory::Model;
use crate::store::entity::territory_model;

/// Rules that are asked in one statement: all that they compare with still binds to it.
const RULES: usize = 80;

/// Where a customer belongs under a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) territory: Uuid,
    pub(super) code: String,
    pub(super) cause: Cause,
}

/// What a model says, ready to be asked.
pub(super) struct Plan {
    pub(super) model: Uuid,
    /// Territories in the order in which they are offered customers.
    offers: Vec<(Uuid, String, Condition)>,
    codes: HashMap<String, Uuid>,
}

/// Which model it is of: every change of its territories makes it another version.
type Key = (TenantId, Uuid, i64);

/// Models that were asked last, the last one at the end.
static ASKED: Mutex<VecDeque<(Key, Arc<Plan>)>> = Mutex::new(VecDeque::new());

/// How many of them are kept.
const MOST_KEPT: usize = 16;

impl Plan {
    /// What a model says; read once as long as it is asked.
    pub(super) async fn of(
        ctx: &Context,
        db: &impl ConnectionTrait,
        row: &territory_model::Model,
    ) -> Result<Arc<Self>, Error> {
        let key = (ctx.tenant, row.model_id, row.version);
        if let Some(plan) = kept(key) {
            return Ok(plan);
        }
        let nodes = tree::nodes(ctx, db, row.model_id).await?;
        let plan = Arc::new(Self::read(db.get_database_backend(), row.model_id, nodes)?);
        keep(key, plan.clone());
        Ok(plan)
    }

    fn read(backend: DbBackend, model: Uuid, nodes: Vec<Node>) -> Result<Self, Error> {
        let offer = |node: &Node| {
            let rule = node.rule.as_deref().unwrap_or_default();
            let condition = rule::condition(backend, rule)?;
            Ok((node.id, node.code.clone(), condition))
        };
        let offers: Result<Vec<_>, Error> = ranked(&nodes).into_iter().map(offer).collect();
        Ok(Self {
            model,
            offers: offers?,
            codes: nodes.into_iter().map(|it| (it.code, it.id)).collect(),
        })
    }

    /// Where those of the customers belong that are there: one statement for every eighty rules.
    pub(super) async fn decide(
        &self,
        ctx: &Context,
        db: &impl ConnectionTrait,
        customers: &[Uuid],
    ) -> Result<HashMap<Uuid, Option<Place>>, Error> {
        let present = fact::present(ctx, db, customers).await?;
        let mut places = HashMap::new();
        for (customer, code) in pin::codes(ctx, db, &present).await? {
            let Some(territory) = self.codes.get(&code).copied() else {
                continue;
            };
            let cause = Cause::Manual;
            let place = Place {
                territory,
                code,
                cause,
            };
            places.insert(customer, place);
        }
        let mut open: Vec<Uuid> = present.clone();
        for offers in self.offers.chunks(RULES) {
            open.retain(|it| !places.contains_key(it));
            if open.is_empty() {
                break;
            }
            for (customer, offer) in first_that_fits(ctx, db, offers, &open).await? {
                let Some((territory, code, _)) = offers.get(offer) else {
                    continue;
                };
                let place = Place {
                    territory: *territory,
                    code: code.clone(),
                    cause: Cause::Rule,
                };
                places.insert(customer, place);
            }
        }
        let placed = present.into_iter().map(|it| (it, places.remove(&it)));
        Ok(placed.collect())
    }

    pub(super) fn row(
        &self,
        ctx: &Context,
        customer: Uuid,
        place: Option<&Place>,
        start: Timestamp,
    ) -> Model {
        Model {
            tenant_id: ctx.tenant,
            model_id: self.model,
            customer_id: customer,
            start_time: start,
            end_time: None,
            territory_id: place.map(|it| it.territory),
            code: place.map(|it| it.code.clone()),
            cause: place.map(|it| it.cause.code()),
            from_code: None,
            moves: false,
        }
    }
}

/// Which of the offers comes first for each customer whom any of them fits.
async fn first_that_fits(
    ctx: &Context,
    db: &impl ConnectionTrait,
    offers: &[(Uuid, String, Condition)],
    customers: &[Uuid],
) -> Result<Vec<(Uuid, usize)>, Error> {
    use customer_fact::Column as Fact;
    let case = offers.iter().zip(0_i32..);
    let case = case.fold(CaseStatement::new(), |case, ((_, _, condition), offer)| {
        case.case(condition.clone(), Expr::val(offer))
    });
    let fits: Vec<(Uuid, Option<i32>)> = customer_fact::Entity::find()
        .select_only()
        .column(Fact::CustomerId)
        .expr_as(case, "offer")
        .filter(Fact::TenantId.eq(ctx.tenant))
        .filter(Fact::CustomerId.is_in(customers.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    let first = fits
        .into_iter()
        .filter_map(|(customer, offer)| Some((customer, usize::try_from(offer?).ok()?)));
    Ok(first.collect())
}

fn kept(key: Key) -> Option<Arc<Plan>> {
    let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    let at = asked.iter().position(|(of, _)| *of == key)?;
    let found = asked.remove(at)?;
    let plan = found.1.clone();
    asked.push_back(found);
    Some(plan)
}

fn keep(key: Key, plan: Arc<Plan>) {
    let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    asked.push_back((key, plan));
    if asked.len() > MOST_KEPT {
        asked.pop_front();
    }
}
