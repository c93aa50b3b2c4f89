//! Opportunities that began elsewhere, with their history: many in one transaction.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rapport_platform::identity::Context;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::Opportunities;
use super::known::references;
use super::write::{identity, publish};
use crate::customers;
use crate::domain::opportunity::{Draft, Known, Opportunity, Refused, Step};
use crate::domain::pipeline::Pipeline;
use crate::error::Error;
use crate::grpc::convert::opportunity as convert;
use crate::resource;
use crate::store::opportunity::{self, New};

/// Most rows of one call.
const MOST_ROWS: usize = 500;
/// Most moves of one row.
const MOST_MOVES: usize = 50;
/// Most faults that are answered for one row: enough to mend it.
const FAULTS_PER_ROW: usize = 10;

/// A row that was read.
struct Row {
    draft: Draft,
    external_id: String,
    steps: Vec<Step>,
}

impl Opportunities {
    pub(super) async fn import(
        &self,
        ctx: Context,
        request: proto::ImportOpportunitiesRequest,
    ) -> Result<proto::ImportOpportunitiesResponse, Error> {
        if request.rows.is_empty() || request.rows.len() > MOST_ROWS {
            return Err(Error::invalid("rows", "must be 1 to 500 rows"));
        }
        let rows: Vec<_> = request.rows.iter().map(read).collect();
        let drafts = rows.iter().filter_map(|row| row.as_ref().ok());
        let customers = self.customers(&ctx, drafts.map(|row| &row.draft)).await?;
        let (ctx, rows, customers) = (&ctx, &rows, &customers);
        self.0
            .once(ctx, &request, |txn| async move {
                import_in(ctx, &txn, rows, customers.clone()).await
            })
            .await
    }
}

fn read(sent: &proto::OpportunityImport) -> Result<Row, InvalidFields> {
    let proto::OpportunityImport { opportunity, moves } = sent;
    let mut faults = InvalidFields::default();
    let opportunity = opportunity.as_ref();
    let draft = opportunity.ok_or_else(|| InvalidFields::from(Invalid::new("is required")));
    let draft = faults.take("opportunity", draft.and_then(convert::draft));
    let external_id = draft.as_ref().map(|it| it.external_id().map(str::to_owned));
    if matches!(external_id, Some(None)) {
        let why = Invalid::new("is required: by it the row is known again");
        faults.push("opportunity.external_id", why);
    }
    if moves.len() > MOST_MOVES {
        faults.push("moves", Invalid::new("are too many: at most 50"));
    }
    let numbered = moves.iter().take(MOST_MOVES).enumerate();
    let steps: Vec<Step> = numbered
        .filter_map(|(index, sent)| {
            let step = match sent.time {
                Some(_) => convert::past_step(sent),
                None => Err(Invalid::new("is required").within("time").into()),
            };
            faults.take(&format!("moves[{index}]"), step)
        })
        .collect();
    let row = draft.zip(external_id.flatten());
    faults.finish(row.map(|(draft, external_id)| Row {
        draft,
        external_id,
        steps,
    }))
}

async fn import_in(
    ctx: &Context,
    txn: &Arc<DatabaseTransaction>,
    rows: &[Result<Row, InvalidFields>],
    customers: customers::Known,
) -> Result<proto::ImportOpportunitiesResponse, Error> {
    let readable: Vec<&Row> = rows.iter().filter_map(|row| row.as_ref().ok()).collect();
    let ids = readable.iter().map(|row| row.external_id.as_str());
    let before = opportunity::by_external_id(ctx, txn.as_ref(), ids).await?;
    let drafts: Vec<&Draft> = readable.iter().map(|row| &row.draft).collect();
    let known = references(ctx, txn, customers, &drafts).await?;
    let mut plan = Plan {
        ctx,
        known,
        before,
        seen: HashSet::new(),
        new: Vec::new(),
    };
    let results = rows.iter().map(|row| plan.decide(row.as_ref())).collect();
    let recorded = opportunity::insert(ctx, txn, &plan.new).await?;
    publish(ctx, txn, recorded.into_iter().flatten()).await?;
    Ok(proto::ImportOpportunitiesResponse { results })
}

/// What becomes of the rows of a call.
struct Plan<'a> {
    ctx: &'a Context,
    known: Known,
    before: HashMap<String, Uuid>,
    seen: HashSet<&'a str>,
    new: Vec<New>,
}

impl<'a> Plan<'a> {
    fn decide(&mut self, row: Result<&'a Row, &'a InvalidFields>) -> proto::ImportResult {
        let row = match row {
            Ok(row) => row,
            Err(faults) => return refused(faults),
        };
        if let Some(id) = self.before.get(&row.external_id) {
            return result(proto::ImportOutcome::Known, *id);
        }
        if !self.seen.insert(&row.external_id) {
            let why = Invalid::new("repeats that of an earlier row").within("external_id");
            return refused(&why.within("opportunity").into());
        }
        match self.states(row) {
            Err(faults) => refused(&faults),
            Ok(states) => {
                let identity = identity(self.ctx, &row.draft);
                let created = result(proto::ImportOutcome::Created, identity.id);
                self.new.push(New { identity, states });
                created
            }
        }
    }

    /// Everything that the opportunity was, from when it began.
    fn states(&self, row: &Row) -> Result<Vec<Opportunity>, InvalidFields> {
        let now = self.ctx.now;
        let mut faults = InvalidFields::default();
        let pipeline = self.known.pipelines.get(&row.draft.pipeline());
        let closing = |step: &Step| pipeline.is_some_and(|it| step.closes(it));
        let opened = match row.steps.last().is_some_and(closing) {
            true => row.draft.recall(&self.known, now),
            false => row.draft.open(&self.known, now),
        };
        let opened = faults.take("opportunity", opened);
        let Some((opened, pipeline)) = opened.zip(pipeline) else {
            return faults.finish(None);
        };
        let mut states = vec![opened];
        for (index, step) in row.steps.iter().enumerate() {
            let from = states.last();
            let next = from.map(|from| advance(from, step, pipeline, now));
            let next = next.and_then(|it| faults.take(&format!("moves[{index}]"), it));
            let Some(next) = next else {
                break;
            };
            states.push(next);
        }
        faults.finish(Some(states))
    }
}

fn advance(
    from: &Opportunity,
    step: &Step,
    pipeline: &Pipeline,
    now: rapport_platform::time::Timestamp,
) -> Result<Opportunity, InvalidFields> {
    from.step(step, pipeline, now)
        .map_err(|refused| match refused {
            Refused::Invalid(faults) => faults,
            Refused::Closed(_) => Invalid::new("comes after the end of the opportunity").into(),
            Refused::SameStage | Refused::Open => {
                Invalid::new("is the stage before: leave the move out")
                    .within("stage")
                    .into()
            }
        })
}

fn result(outcome: proto::ImportOutcome, id: Uuid) -> proto::ImportResult {
    proto::ImportResult {
        outcome: outcome.into(),
        opportunity: resource::opportunity(id),
        faults: Vec::new(),
    }
}

fn refused(faults: &InvalidFields) -> proto::ImportResult {
    let faults = faults.at("").into_iter().take(FAULTS_PER_ROW);
    let fault = |fault: rapport_platform::problem::FieldViolation| proto::ImportFault {
        field: fault.field,
        description: fault.description,
    };
    proto::ImportResult {
        outcome: proto::ImportOutcome::Refused.into(),
        opportunity: String::new(),
        faults: faults.map(fault).collect(),
    }
}
