//! What is to be achieved with customers.

use std::collections::{HashMap, HashSet};

use prost::Message as _;
use rapport_platform::etag::Etag;
use rapport_platform::id::new_id;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::{day, instant, money, required_day, text, to_day, to_money};
use crate::domain::account_plan::{
    Action, ActionParts, Measured, Plan, PlanParts, PlanStance, StakeholderParts,
};
use crate::domain::date;
use crate::domain::report::Period;
use crate::error::{Error, unreadable};
use crate::resource::{self, ACCOUNT_PLAN, CUSTOMER, PRODUCT, SELLER};
use crate::store::account_plan::Record;
use crate::store::entity::account_plan::Model;
use crate::store::entity::account_plan_party::Model as Party;
use crate::store::entity::account_plan_review as review;

const READING: &str = "reading a stored plan";

/// What callers may name in an update.
pub(in crate::grpc) const UPDATABLE: [&str; 11] = [
    "accounts",
    "owner",
    "title",
    "start_date",
    "end_date",
    "objective",
    "revenue_target",
    "product_goals",
    "stakeholders",
    "actions",
    "next_review_date",
];

/// What a message says of a plan whose steps are `known`.
pub(in crate::grpc) fn parse(
    sent: &proto::AccountPlan,
    known: &[Action],
) -> Result<Plan, InvalidFields> {
    let proto::AccountPlan {
        name: _,
        customer: _,
        accounts,
        owner,
        title,
        start_date,
        end_date,
        objective,
        revenue_target,
        product_goals,
        stakeholders,
        actions,
        next_review_date,
        state: _,
        close_summary: _,
        progress: _,
        create_time: _,
        update_time: _,
        etag: _,
    } = sent;
    let customer = |name: &String| resource::required(CUSTOMER, name);
    let goal = |it: &proto::PlanProductGoal| {
        let proto::PlanProductGoal { product, quantity } = it;
        (resource::required(PRODUCT, product), *quantity)
    };
    let parts = PlanParts {
        accounts: accounts.iter().map(customer).collect(),
        owner: resource::required(SELLER, owner),
        title,
        period: Period::parse(day(start_date.as_ref()), day(end_date.as_ref())),
        objective,
        target: money(revenue_target.as_ref()),
        goals: product_goals.iter().map(goal).collect(),
        stakeholders: stakeholders.iter().map(stakeholder).collect(),
        actions: actions.iter().map(action).collect(),
        next_review: day(next_review_date.as_ref()),
    };
    Plan::parse(parts, known)
}

fn stakeholder(sent: &proto::PlanStakeholder) -> StakeholderParts<'_> {
    let proto::PlanStakeholder {
        person,
        role,
        stance,
        note,
    } = sent;
    StakeholderParts {
        person: resource::required(CUSTOMER, person),
        role,
        stance: PlanStance::try_from(*stance),
        note,
    }
}

fn action(sent: &proto::PlanAction) -> ActionParts<'_> {
    let proto::PlanAction {
        action_id,
        title,
        owner,
        due_date,
        complete_time: _,
        outcome: _,
    } = sent;
    ActionParts {
        id: action_id_of(action_id),
        title,
        owner: resource::required(SELLER, owner),
        due: required_day(due_date.as_ref()),
    }
}

/// The id of a step; none of a new one.
fn action_id_of(raw: &str) -> Result<Option<Uuid>, Invalid> {
    match raw {
        "" => Ok(None),
        id => Uuid::try_parse(id)
            .map(Some)
            .map_err(|_| Invalid::new("must be a UUID")),
    }
}

/// The row of a plan, over the row that it was or is to be. New steps get their ids.
pub(in crate::grpc) fn row(row: Model, plan: &Plan) -> Result<Model, Error> {
    let before = content(&row)?;
    let goals = plan.goals.iter().map(|it| proto::PlanProductGoal {
        product: resource::product(it.product),
        quantity: it.quantity,
    });
    let says = proto::AccountPlan {
        objective: text(plan.objective.clone()),
        product_goals: goals.collect(),
        actions: plan.actions.iter().map(action_to_proto).collect(),
        close_summary: before.close_summary,
        ..Default::default()
    };
    Ok(Model {
        owner_id: plan.owner,
        title: plan.title.clone(),
        start_date: date::number(plan.period.start()),
        end_date: date::number(plan.period.end()),
        target: plan.target.minor(),
        currency: plan.target.currency().code().to_owned(),
        next_review_date: plan.next_review.map(date::number),
        content: says.encode_to_vec(),
        ..row
    })
}

/// The rows of whom a plan is about. Those that were there keep their ids, by which they find back
/// when a merge is undone; so do those whom a merge made the same as one who stays.
pub(in crate::grpc) fn parties(row: &Model, plan: &Plan, mut before: Vec<Party>) -> Vec<Party> {
    let accounts = plan.accounts.iter().map(|id| (*id, None));
    let people = plan.stakeholders.iter().map(|it| (it.person, Some(it)));
    let mut rows: Vec<Party> = Vec::with_capacity(before.len());
    for (customer, says) in accounts.chain(people) {
        let party = Party {
            tenant_id: row.tenant_id,
            party_id: new_id(),
            plan_id: row.plan_id,
            position: 0,
            customer_id: Some(customer),
            role: says.and_then(|it| it.role.clone()),
            stance: says.map(|it| it.stance.code()),
            note: says.and_then(|it| it.note.clone()),
        };
        let there = before.iter().position(|it| same(it, &party));
        let there = there.map(|index| before.remove(index).party_id);
        rows.push(Party {
            party_id: there.unwrap_or(party.party_id),
            ..party
        });
    }
    before.retain(|it| rows.iter().any(|row| same(it, row)));
    let placed = rows.into_iter().chain(before).zip(0..);
    placed
        .map(|(row, position)| Party { position, ..row })
        .collect()
}

/// Whether rows are of one customer in one part.
fn same(one: &Party, other: &Party) -> bool {
    let part = |it: &Party| (it.customer_id, it.stance.is_some());
    part(one) == part(other)
}

fn action_to_proto(action: &Action) -> proto::PlanAction {
    let Action {
        id,
        title,
        owner,
        due,
        complete_time,
        outcome,
    } = action;
    proto::PlanAction {
        action_id: id.unwrap_or_else(new_id).to_string(),
        title: title.clone(),
        owner: resource::seller(*owner),
        due_date: Some(to_day(date::number(*due))),
        complete_time: complete_time.map(Into::into),
        outcome: text(outcome.clone()),
    }
}

/// What a row says beside its columns.
pub(in crate::grpc) fn content(row: &Model) -> Result<proto::AccountPlan, Error> {
    proto::AccountPlan::decode(row.content.as_slice()).map_err(unreadable(READING))
}

/// The row with that in it.
pub(in crate::grpc) fn with_content(row: Model, says: &proto::AccountPlan) -> Model {
    Model {
        content: says.encode_to_vec(),
        ..row
    }
}

/// The steps in a row.
pub(in crate::grpc) fn actions(row: &Model) -> Result<Vec<Action>, Error> {
    let read = |it: &proto::PlanAction| {
        let whole = action(it);
        Ok::<_, Invalid>(Action {
            id: whole.id?,
            title: it.title.clone(),
            owner: whole.owner?,
            due: whole.due?,
            complete_time: instant(it.complete_time.as_ref())?,
            outcome: Some(it.outcome.clone()).filter(|it| !it.is_empty()),
        })
    };
    let stored = content(row)?.actions;
    let read = stored.iter().map(read).collect::<Result<_, _>>();
    read.map_err(unreadable(READING))
}

/// The period of a row.
pub(in crate::grpc) fn period(row: &Model) -> Result<Period, Error> {
    let day = |number| date::from_number(number).map(Some);
    Period::parse(day(row.start_date), day(row.end_date)).map_err(unreadable(READING))
}

/// The plan in a record, without progress.
pub(in crate::grpc) fn to_proto(record: Record) -> Result<proto::AccountPlan, Error> {
    let Record { row, mut parties } = record;
    let says = content(&row)?;
    // Of those whom merges made one, the first.
    let mut told = HashSet::new();
    parties.retain(|it| told.insert((it.customer_id, it.stance.is_some())));
    let (people, accounts): (Vec<Party>, Vec<Party>) =
        parties.into_iter().partition(|it| it.stance.is_some());
    let name = |it: Party| it.customer_id.map(resource::customer);
    let stakeholders = people.into_iter().filter_map(|it| {
        Some(proto::PlanStakeholder {
            person: resource::customer(it.customer_id?),
            role: text(it.role),
            stance: it.stance.map_or(0, i32::from),
            note: text(it.note),
        })
    });
    let Model {
        tenant_id: _,
        plan_id,
        customer_id,
        owner_id,
        title,
        state,
        start_date,
        end_date,
        target,
        currency,
        next_review_date,
        content: _,
        version,
        create_time,
        update_time,
    } = row;
    Ok(proto::AccountPlan {
        name: ACCOUNT_PLAN.format(&[plan_id]),
        customer: text(customer_id.map(resource::customer)),
        accounts: accounts.into_iter().filter_map(name).collect(),
        owner: resource::seller(owner_id),
        title,
        start_date: Some(to_day(start_date)),
        end_date: Some(to_day(end_date)),
        objective: says.objective,
        revenue_target: to_money(target, &currency),
        product_goals: says.product_goals,
        stakeholders: stakeholders.collect(),
        actions: says.actions,
        next_review_date: next_review_date.map(to_day),
        state: state.into(),
        close_summary: says.close_summary,
        progress: None,
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
    })
}

/// What was found about a plan.
pub(in crate::grpc) struct Found {
    pub(in crate::grpc) measured: Measured,
    pub(in crate::grpc) open_count: i64,
    pub(in crate::grpc) other_currency_count: i64,
    pub(in crate::grpc) placed: HashMap<Uuid, (i64, i64)>,
    pub(in crate::grpc) white_space: Vec<proto::Suggestion>,
}

/// How far the plan is.
pub(in crate::grpc) fn progress(
    row: &Model,
    found: Found,
    now: Timestamp,
) -> Result<proto::AccountPlanProgress, Error> {
    let Found {
        measured,
        open_count,
        other_currency_count,
        placed,
        white_space,
    } = found;
    let says = content(row)?;
    let money = |minor| to_money(minor, &row.currency);
    let products = says.product_goals.into_iter().map(|it| {
        let id = PRODUCT.ids(&it.product).map(|[id]| id);
        let (won, open) = id
            .and_then(|id| placed.get(&id).copied())
            .unwrap_or_default();
        proto::PlanProductProgress {
            product: it.product,
            target_quantity: it.quantity,
            won_quantity: won,
            open_quantity: open,
        }
    });
    let today = date::of(now);
    let overdue = actions(row)?
        .into_iter()
        .filter(|it| it.complete_time.is_none() && it.due < today);
    Ok(proto::AccountPlanProgress {
        won_amount: money(measured.won),
        open_amount: money(measured.open),
        weighted_amount: money(measured.weighted()),
        gap_amount: money(measured.gap(row.target)),
        attainment_ppm: measured.attainment_ppm(row.target),
        open_count,
        other_currency_count,
        products: products.collect(),
        overdue_action_count: i64::try_from(overdue.count()).unwrap_or(i64::MAX),
        white_space,
    })
}

/// What was found in a review.
pub(in crate::grpc) fn review_to_proto(row: review::Model) -> proto::AccountPlanReview {
    let review::Model {
        tenant_id: _,
        review_id,
        plan_id: _,
        note,
        won,
        open,
        weighted,
        target,
        currency,
        author,
        review_time,
    } = row;
    proto::AccountPlanReview {
        review_id: review_id.to_string(),
        note,
        won_amount: to_money(won, &currency),
        open_amount: to_money(open, &currency),
        weighted_amount: to_money(weighted, &currency),
        revenue_target: to_money(target, &currency),
        author,
        review_time: Some(review_time.into()),
    }
}
