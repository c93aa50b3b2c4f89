//! Expense reports as somebody writes them, judged by the policy and the rates of their days.

use std::collections::{BTreeSet, HashMap, HashSet};

use rapport_platform::identity::Context;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rust_decimal::Decimal;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::customers::Customers;
use crate::domain::date;
use crate::domain::expense::{ExpenseLine, ExpensePolicy, ExpenseState, home_amount, warnings};
use crate::error::{Error, faults_of};
use crate::grpc::convert::expense::{self as convert, Draft, Judged};
use crate::resource::EXPENSE_POLICY;
use crate::store::entity::expense_line;
use crate::store::entity::expense_policy::Entity as Policies;
use crate::store::entity::expense_report::Model;
use crate::store::expense::line::Likeness;
use crate::store::expense::rate::DatedRates;
use crate::store::expense::{Record, line};
use crate::store::opportunity;
use crate::store::versions;

/// What somebody wrote, judged.
pub(super) struct Written {
    title: String,
    currency: String,
    policy_version: i64,
    total: i64,
    /// What was spent.
    pub(super) lines: Vec<expense_line::Model>,
}

/// The draft with customers as they go by now.
///
/// # Errors
/// `Invalid` for those who do not exist.
pub(super) async fn known(
    ctx: &Context,
    customers: &Customers,
    mut draft: Draft,
) -> Result<Draft, Error> {
    let named: Vec<Uuid> = draft.lines.iter().filter_map(|it| it.customer).collect();
    if named.is_empty() {
        return Ok(draft);
    }
    let known = customers.known(ctx, &named).await?;
    for (index, line) in draft.lines.iter_mut().enumerate() {
        if let Some(customer) = &mut line.customer {
            let now = known.get(customer).copied();
            *customer = now.ok_or_else(|| {
                let field = format!("expense_report.lines[{index}].customer");
                Error::invalid(field, "does not exist")
            })?;
        }
    }
    Ok(draft)
}

/// Judges a draft of a seller's report.
///
/// # Errors
/// `InvalidState` without a policy; `Invalid` for what the policy, the rates or the opportunities
/// do not know.
pub(super) async fn write(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (seller, report): (Uuid, Uuid),
    draft: &Draft,
) -> Result<Written, Error> {
    let row = versions::latest::<Policies>(ctx, txn).await?;
    let row = row.ok_or_else(|| Error::InvalidState {
        resource: EXPENSE_POLICY.to_owned(),
        state: "POLICY_MISSING",
        why: "is not set. Set it first.",
    })?;
    let policy = convert::policy_from_row(&row)?;
    require_opportunities(ctx, txn, draft).await?;
    let rates = rates(ctx, txn, &policy, draft).await?;
    let twice = twice(ctx, txn, (seller, report), draft).await?;
    let mut faults = InvalidFields::default();
    let mut lines = Vec::with_capacity(draft.lines.len());
    for (index, (line, rate)) in draft.lines.iter().zip(rates).enumerate() {
        let judged = judge(ctx, &policy, line, rate, twice.contains(&likeness(line)));
        if let Some(judged) = faults.take(&format!("lines[{index}]"), judged) {
            let row = convert::line_to_row(ctx, line.clone(), &judged);
            let position = i32::try_from(index + 1).unwrap_or(i32::MAX);
            lines.push(expense_line::Model {
                report_id: report,
                seller_id: seller,
                position,
                ..row
            });
        }
    }
    let lines = faults.finish(Some(lines));
    let lines = lines.map_err(faults_of("expense_report"))?;
    Ok(Written {
        title: draft.title.clone(),
        currency: policy.currency().code().to_owned(),
        policy_version: row.version,
        // 200 lines of at most 10^15.
        total: lines.iter().map(|it| it.home_amount).sum(),
        lines,
    })
}

fn judge(
    ctx: &Context,
    policy: &ExpensePolicy,
    line: &ExpenseLine,
    rate: Option<Decimal>,
    duplicate: bool,
) -> Result<Judged, InvalidFields> {
    let mut faults = InvalidFields::default();
    let category = policy.category(&line.category);
    let category = category.ok_or_else(|| Invalid::new("is none of the expense policy's"));
    let category = faults.take("category", category);
    let rate = rate.ok_or_else(|| Invalid::new("has no exchange rate on that day: set one first"));
    let home = rate.and_then(|rate| Ok((rate, home_amount(line.amount, rate, policy.currency())?)));
    let home = faults.take("amount", home);
    faults.finish(category.zip(home).map(|(category, (rate, home))| Judged {
        rate,
        home,
        warnings: warnings(
            line,
            home,
            (category, policy.late_after()),
            (date::of(ctx.now), duplicate),
        ),
    }))
}

/// What one unit of each line's currency was worth at home on its day; none where nobody has said.
async fn rates(
    ctx: &Context,
    txn: &DatabaseTransaction,
    policy: &ExpensePolicy,
    draft: &Draft,
) -> Result<Vec<Option<Decimal>>, Error> {
    let home = policy.currency();
    let of = |line: &ExpenseLine| (line.amount.currency().code(), date::number(line.date));
    let foreign = draft
        .lines
        .iter()
        .map(of)
        .filter(|(code, _)| *code != home.code());
    let foreign: BTreeSet<(&str, i32)> = foreign.collect();
    let rates = DatedRates::read(ctx, txn, home, &foreign).await?;
    let each = draft.lines.iter().map(|line| match of(line) {
        (code, _) if code == home.code() => Ok(Some(Decimal::ONE)),
        (code, day) => rates.on(code, day),
    });
    each.collect()
}

/// What the seller has twice: in this draft, or in it and in another report.
async fn twice(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: (Uuid, Uuid),
    draft: &Draft,
) -> Result<HashSet<Likeness>, Error> {
    let days: BTreeSet<i32> = draft.lines.iter().map(|it| date::number(it.date)).collect();
    let elsewhere = line::elsewhere(ctx, txn, ids, days).await?;
    let mut counts: HashMap<Likeness, u32> = HashMap::new();
    for like in elsewhere
        .into_iter()
        .chain(draft.lines.iter().map(likeness))
    {
        *counts.entry(like).or_default() += 1;
    }
    let twice = counts.into_iter().filter(|(_, count)| *count > 1);
    Ok(twice.map(|(like, _)| like).collect())
}

fn likeness(line: &ExpenseLine) -> Likeness {
    let currency = line.amount.currency().code().to_owned();
    let day = date::number(line.date);
    (day, line.category.clone(), line.amount.minor(), currency)
}

async fn require_opportunities(
    ctx: &Context,
    txn: &DatabaseTransaction,
    draft: &Draft,
) -> Result<(), Error> {
    let named: Vec<Uuid> = draft.lines.iter().filter_map(|it| it.opportunity).collect();
    if named.is_empty() {
        return Ok(());
    }
    let known = opportunity::existing(ctx, txn, named).await?;
    let missing = draft
        .lines
        .iter()
        .position(|line| line.opportunity.is_some_and(|id| !known.contains(&id)));
    missing.map_or(Ok(()), |index| {
        let field = format!("expense_report.lines[{index}].opportunity");
        Err(Error::invalid(field, "does not exist"))
    })
}

impl Written {
    fn warned(&self) -> i32 {
        let warned = self.lines.iter().filter(|it| it.warnings != 0).count();
        i32::try_from(warned).unwrap_or(i32::MAX)
    }

    /// A new report.
    pub(super) fn first(self, ctx: &Context, (seller, report): (Uuid, Uuid)) -> Record {
        let row = Model {
            tenant_id: ctx.tenant,
            report_id: report,
            seller_id: seller,
            warned_lines: self.warned(),
            title: self.title,
            currency: self.currency,
            total: self.total,
            policy_version: self.policy_version,
            state: ExpenseState::Draft.code(),
            author: ctx.actor.to_string(),
            submitter: None,
            submit_time: None,
            approver: None,
            grant_id: None,
            decision_comment: None,
            decide_time: None,
            payment_document: None,
            payment_date: None,
            version: 1,
            create_time: ctx.now,
            update_time: ctx.now,
        };
        Record {
            row,
            lines: self.lines,
        }
    }

    /// The report written anew.
    pub(super) fn over(self, ctx: &Context, before: Record) -> Record {
        let row = Model {
            warned_lines: self.warned(),
            title: self.title,
            currency: self.currency,
            total: self.total,
            policy_version: self.policy_version,
            state: ExpenseState::Draft.code(),
            author: ctx.actor.to_string(),
            ..before.row
        };
        Record {
            row,
            lines: self.lines,
        }
    }
}
