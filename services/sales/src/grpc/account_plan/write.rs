//! Plans are written, begun, reviewed and closed.

use std::collections::HashSet;
use std::sync::Arc;

use rapport_platform::etag::Etag;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::outbox;
use rapport_platform::text::{optional_passage, passage};
use rapport_proto::RequestId;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::{AccountPlans, measure};
use crate::customers::Known;
use crate::domain::account_plan::{AccountPlanState, Plan, Step};
use crate::domain::date;
use crate::error::{Error, faults_of};
use crate::events::account_plan::{self as events, Tell};
use crate::grpc::convert::{account_plan as convert, day};
use crate::resource::{ACCOUNT_PLAN, CUSTOMER};
use crate::store::account_plan::{self, Record};
use crate::store::entity::account_plan::Model;
use crate::store::entity::account_plan_review as review;
use crate::store::{product, seller};

const FIELD: &str = "account_plan";
/// Longest summary, note and outcome, in characters.
const MAX_TEXT: usize = 2_000;
const MAX_OUTCOME: usize = 1_000;

impl AccountPlans {
    pub(super) async fn create(
        &self,
        ctx: Context,
        request: proto::CreateAccountPlanRequest,
    ) -> Result<proto::AccountPlan, Error> {
        let sent = request.account_plan.as_ref();
        let sent = sent.ok_or_else(|| Error::missing(FIELD))?;
        let [customer] = CUSTOMER.parse("account_plan.customer", &sent.customer)?;
        let mut plan = convert::parse(sent, &[]).map_err(faults_of(FIELD))?;
        let known = self.known(&ctx, sent, Some(customer)).await?;
        let customer = known.get(&customer).copied();
        let customer = customer.ok_or_else(|| absent("account_plan.customer"))?;
        let nobody = HashSet::new();
        resolve("accounts", accounts(&mut plan), (&known, &nobody))?;
        resolve("stakeholders", people(&mut plan), (&known, &nobody))?;
        let (ctx, plan) = (&ctx, &plan);
        self.0
            .once(ctx, &request, |txn| async move {
                require(ctx, &txn, plan).await?;
                let row = convert::row(empty(ctx, customer), plan)?;
                let parties = convert::parties(&row, plan, Vec::new());
                let record = Record { row, parties };
                account_plan::insert(&txn, &record).await?;
                tell(ctx, &txn, record, events::created).await
            })
            .await
    }

    pub(super) async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateAccountPlanRequest,
    ) -> Result<proto::AccountPlan, Error> {
        let sent = request.account_plan.as_ref();
        let sent = sent.ok_or_else(|| Error::missing(FIELD))?;
        let [id] = ACCOUNT_PLAN.parse("account_plan.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::AccountPlan>(mask, &convert::UPDATABLE)?;
        let known = &self.known(&ctx, sent, None).await?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let before = account_plan::get(ctx, &*txn, id).await?;
                Etag::check(&sent.name, &sent.etag, before.row.version)?;
                account_plan::allow(&before.row, Step::Write)?;
                let was = convert::to_proto(before.clone())?;
                let merged = mask.merge(&was, sent)?;
                let Record { row, parties } = before;
                let steps = convert::actions(&row)?;
                let mut plan = convert::parse(&merged, &steps).map_err(faults_of(FIELD))?;
                let there = &parties.iter().filter_map(|it| it.customer_id).collect();
                let others = merged.accounts != was.accounts;
                let have_a_say = merged.stakeholders != was.stakeholders;
                if others {
                    resolve("accounts", accounts(&mut plan), (known, there))?;
                }
                if have_a_say {
                    resolve("stakeholders", people(&mut plan), (known, there))?;
                }
                require(ctx, &txn, &plan).await?;
                let row = convert::row(row, &plan)?;
                let (row, parties) = match others || have_a_say {
                    true => {
                        let parties = convert::parties(&row, &plan, parties);
                        let row = account_plan::write(ctx, &txn, row, Some(&parties)).await?;
                        (row, parties)
                    }
                    false => (account_plan::write(ctx, &txn, row, None).await?, parties),
                };
                tell(ctx, &txn, Record { row, parties }, events::updated).await
            })
            .await
    }

    pub(super) async fn activate(
        &self,
        ctx: Context,
        request: proto::ActivateAccountPlanRequest,
    ) -> Result<proto::AccountPlan, Error> {
        let named = (request.name.as_str(), request.etag.as_str());
        self.step(&ctx, &request, named, Step::Activate, &|row| {
            let says = proto::AccountPlan {
                close_summary: String::new(),
                ..convert::content(&row)?
            };
            Ok(Model {
                state: AccountPlanState::Active.code(),
                ..convert::with_content(row, &says)
            })
        })
        .await
    }

    pub(super) async fn close(
        &self,
        ctx: Context,
        request: proto::CloseAccountPlanRequest,
    ) -> Result<proto::AccountPlan, Error> {
        let summary = optional_passage(&request.summary, MAX_TEXT).map_err(faults_of("summary"))?;
        let named = (request.name.as_str(), request.etag.as_str());
        self.step(&ctx, &request, named, Step::Close, &|row| {
            let says = proto::AccountPlan {
                close_summary: summary.clone().unwrap_or_default(),
                ..convert::content(&row)?
            };
            Ok(Model {
                state: AccountPlanState::Closed.code(),
                ..convert::with_content(row, &says)
            })
        })
        .await
    }

    pub(super) async fn complete(
        &self,
        ctx: Context,
        request: proto::CompletePlanActionRequest,
    ) -> Result<proto::AccountPlan, Error> {
        let outcome =
            optional_passage(&request.outcome, MAX_OUTCOME).map_err(faults_of("outcome"))?;
        let named = (request.name.as_str(), request.etag.as_str());
        let now = ctx.now;
        self.step(&ctx, &request, named, Step::Write, &|row| {
            let mut says = convert::content(&row)?;
            let mut steps = says.actions.iter_mut();
            let step = steps.find(|it| it.action_id == request.action_id);
            let step =
                step.ok_or_else(|| Error::invalid("action_id", "is no step of this plan"))?;
            if step.complete_time.is_some() {
                return Err(Error::InvalidState {
                    resource: request.name.clone(),
                    state: "DONE",
                    why: "has done this step already.",
                });
            }
            step.complete_time = Some(now.into());
            step.outcome = outcome.clone().unwrap_or_default();
            Ok(convert::with_content(row, &says))
        })
        .await
    }

    /// Takes a step of a plan that needs nothing but its row.
    async fn step<Req: RequestId>(
        &self,
        ctx: &Context,
        request: &Req,
        (name, etag): (&str, &str),
        step: Step,
        change: &(dyn Fn(Model) -> Result<Model, Error> + Sync),
    ) -> Result<proto::AccountPlan, Error> {
        let [id] = ACCOUNT_PLAN.parse("name", name)?;
        let tell_of: Tell = match step {
            Step::Activate | Step::Close => events::state_changed,
            Step::Write | Step::Review => events::updated,
        };
        self.0
            .once(ctx, request, |txn| async move {
                let Record { row, parties } = account_plan::get(ctx, &*txn, id).await?;
                Etag::check(name, etag, row.version)?;
                account_plan::allow(&row, step)?;
                let row = account_plan::write(ctx, &txn, change(row)?, None).await?;
                tell(ctx, &txn, Record { row, parties }, tell_of).await
            })
            .await
    }

    pub(super) async fn review(
        &self,
        ctx: Context,
        request: proto::ReviewAccountPlanRequest,
    ) -> Result<proto::AccountPlan, Error> {
        let [id] = ACCOUNT_PLAN.parse("name", &request.name)?;
        let note = &passage(&request.note, MAX_TEXT).map_err(faults_of("note"))?;
        let next = day(request.next_review_date.as_ref());
        let next = next
            .map_err(faults_of("next_review_date"))?
            .map(date::number);
        let (ctx, asked) = (&ctx, &request);
        self.0
            .once(ctx, &request, |txn| async move {
                let Record { row, parties } = account_plan::get(ctx, &*txn, id).await?;
                Etag::check(&asked.name, &asked.etag, row.version)?;
                account_plan::allow(&row, Step::Review)?;
                let row = Model {
                    next_review_date: next,
                    ..row
                };
                let row = account_plan::write(ctx, &txn, row, None).await?;
                let record = Record { row, parties };
                let found = measure::found(ctx, &*txn, &record).await?;
                let looked = reviewed(ctx, &record.row, note, &found);
                account_plan::insert_review(&txn, looked.clone()).await?;
                let version = record.row.version;
                let progress = convert::progress(&record.row, found, ctx.now)?;
                let plan = proto::AccountPlan {
                    progress: Some(progress),
                    ..convert::to_proto(record)?
                };
                let looked = convert::review_to_proto(looked);
                let event = events::reviewed(plan.clone(), looked, version);
                outbox::append(&txn, ctx, &[event]).await?;
                Ok(plan)
            })
            .await
    }

    /// Those of the customers that a request names which exist.
    async fn known(
        &self,
        ctx: &Context,
        sent: &proto::AccountPlan,
        customer: Option<Uuid>,
    ) -> Result<Known, Error> {
        let people = sent.stakeholders.iter().map(|it| &it.person);
        let named = sent.accounts.iter().chain(people);
        let named = named.filter_map(|it| CUSTOMER.ids(it)).map(|[id]| id);
        let named: Vec<Uuid> = named.chain(customer).collect();
        if named.is_empty() {
            return Ok(Known::new());
        }
        self.0.customers.known(ctx, &named).await
    }
}

/// A plan that says nothing yet.
fn empty(ctx: &Context, customer: Uuid) -> Model {
    Model {
        tenant_id: ctx.tenant,
        plan_id: new_id(),
        customer_id: Some(customer),
        owner_id: Uuid::nil(),
        title: String::new(),
        state: AccountPlanState::Draft.code(),
        start_date: 0,
        end_date: 0,
        target: 0,
        currency: String::new(),
        next_review_date: None,
        content: Vec::new(),
        version: 1,
        create_time: ctx.now,
        update_time: ctx.now,
    }
}

fn reviewed(ctx: &Context, row: &Model, note: &str, found: &convert::Found) -> review::Model {
    review::Model {
        tenant_id: ctx.tenant,
        review_id: new_id(),
        plan_id: row.plan_id,
        note: note.to_owned(),
        won: found.measured.won,
        open: found.measured.open,
        weighted: found.measured.weighted(),
        target: row.target,
        currency: row.currency.clone(),
        author: ctx.actor.to_string(),
        review_time: ctx.now,
    }
}

fn absent(field: &str) -> Error {
    Error::invalid(field, "does not exist: name a customer that does")
}

/// The customers of a part of a plan, with what comes behind their places in the request.
type Them<'p> = Vec<(&'static str, &'p mut Uuid)>;

fn accounts(plan: &mut Plan) -> Them<'_> {
    plan.accounts.iter_mut().map(|it| ("", it)).collect()
}

fn people(plan: &mut Plan) -> Them<'_> {
    let people = plan.stakeholders.iter_mut();
    people.map(|it| (".person", &mut it.person)).collect()
}

/// Names customers by what they go by now, each once; those that are there already may stay.
fn resolve(
    part: &str,
    them: Them<'_>,
    (known, there): (&Known, &HashSet<Uuid>),
) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for (index, (behind, id)) in them.into_iter().enumerate() {
        let field = format!("account_plan.{part}[{index}]{behind}");
        *id = match known.get(id) {
            Some(now) => *now,
            None if there.contains(id) => *id,
            None => return Err(absent(&field)),
        };
        if !seen.insert(*id) {
            return Err(Error::invalid(
                field,
                "is the same customer as an earlier one",
            ));
        }
    }
    Ok(())
}

/// Refuses sellers and products that do not exist.
async fn require(ctx: &Context, txn: &DatabaseTransaction, plan: &Plan) -> Result<(), Error> {
    let owners = plan.actions.iter().map(|it| it.owner);
    let sellers: HashSet<Uuid> = owners.chain([plan.owner]).collect();
    let sellers = seller::activity(ctx, txn, sellers).await?;
    if !sellers.contains_key(&plan.owner) {
        return Err(Error::invalid("account_plan.owner", "does not exist"));
    }
    let stranger = plan
        .actions
        .iter()
        .position(|it| !sellers.contains_key(&it.owner));
    if let Some(index) = stranger {
        let field = format!("account_plan.actions[{index}].owner");
        return Err(Error::invalid(field, "does not exist"));
    }
    let products = product::among(ctx, txn, plan.goals.iter().map(|it| it.product)).await?;
    let unknown = plan
        .goals
        .iter()
        .position(|it| !products.contains_key(&it.product));
    if let Some(index) = unknown {
        let field = format!("account_plan.product_goals[{index}].product");
        return Err(Error::invalid(field, "does not exist"));
    }
    Ok(())
}

async fn tell(
    ctx: &Context,
    txn: &Arc<DatabaseTransaction>,
    record: Record,
    tell: Tell,
) -> Result<proto::AccountPlan, Error> {
    let version = record.row.version;
    let plan = convert::to_proto(record)?;
    outbox::append(txn, ctx, &[tell(plan.clone(), version)]).await?;
    Ok(plan)
}
