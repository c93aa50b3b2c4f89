//! What sellers spend, and what may be spent for.

use jiff::civil::Date;
use prost::Message as _;
use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::outbox::NewEvent;
use rapport_platform::text as texts;
use rapport_proto::rapport::sales::v1 as proto;
use rust_decimal::Decimal;

use super::{money, required_day, text, to_day, to_money};
use crate::domain::expense::{self, ExpenseLine, ExpensePolicy, ExpenseWarning, PolicyParts};
use crate::domain::{date, flags};
use crate::error::{Error, unreadable};
use crate::events::expense as events;
use crate::grpc::policy::Policy;
use crate::resource::{
    self, AUTHORITY_GRANT, CUSTOMER, EXPENSE_POLICY, EXPENSE_REPORT, OPPORTUNITY,
};
use crate::store::entity::{expense_line, expense_policy, expense_report};
use crate::store::expense::Record;
use crate::store::expense::line::Spent;

/// What callers may name in an update.
pub(in crate::grpc) const UPDATABLE: [&str; 2] = ["title", "lines"];

/// Most lines of a report.
const MOST_LINES: usize = 200;

/// What somebody wrote.
#[derive(Clone, Debug)]
pub(in crate::grpc) struct Draft {
    pub(in crate::grpc) title: String,
    pub(in crate::grpc) lines: Vec<ExpenseLine>,
}

/// What a report says; `today` is the last day on which something can have been paid.
pub(in crate::grpc) fn draft(
    report: &proto::ExpenseReport,
    today: Date,
) -> Result<Draft, InvalidFields> {
    let mut faults = InvalidFields::default();
    let title = faults.take("title", texts::line(&report.title, 200));
    if !(1..=MOST_LINES).contains(&report.lines.len()) {
        faults.push("lines", Invalid::new("must be 1 to 200 lines"));
    }
    let sent = report.lines.iter().take(MOST_LINES).enumerate();
    let lines =
        sent.filter_map(|(index, sent)| faults.take(&format!("lines[{index}]"), line(sent, today)));
    let lines: Vec<ExpenseLine> = lines.collect();
    faults.finish(title.map(|title| Draft { title, lines }))
}

fn line(line: &proto::ExpenseLine, today: Date) -> Result<ExpenseLine, InvalidFields> {
    let proto::ExpenseLine {
        expense_date,
        category,
        description,
        amount,
        receipt,
        customer,
        opportunity,
        campaign,
        exchange_rate: _,
        home_amount: _,
        warnings: _,
    } = line;
    let mut faults = InvalidFields::default();
    let date = faults.take("expense_date", required_day(expense_date.as_ref()));
    // Where the seller is, it may be a day later than in UTC.
    if date.is_some_and(|date| date > today.tomorrow().unwrap_or(today)) {
        faults.push("expense_date", Invalid::new("is in the future"));
    }
    let category = faults.take("category", texts::line(category, 63));
    let description = faults.take("description", texts::line(description, 500));
    let amount = money(amount.as_ref()).and_then(expense::amount);
    let amount = faults.take("amount", amount);
    let receipt = faults.take("receipt", texts::optional_line(receipt, 500));
    let customer = faults.take("customer", resource::optional(CUSTOMER, customer));
    let opportunity = faults.take("opportunity", resource::optional(OPPORTUNITY, opportunity));
    let campaign = faults.take("campaign", texts::optional_line(campaign, 100));
    let parts = date.zip(category).zip(description.zip(amount));
    let links = receipt.zip(customer).zip(opportunity.zip(campaign));
    faults.finish(parts.zip(links).map(
        |(
            ((date, category), (description, amount)),
            ((receipt, customer), (opportunity, campaign)),
        )| ExpenseLine {
            date,
            category,
            description,
            amount,
            receipt,
            customer,
            opportunity,
            campaign,
        },
    ))
}

/// What a line comes to.
#[derive(Clone, Debug)]
pub(in crate::grpc) struct Judged {
    pub(in crate::grpc) rate: Decimal,
    pub(in crate::grpc) home: i64,
    pub(in crate::grpc) warnings: Vec<ExpenseWarning>,
}

/// The row of a line, without its place.
pub(in crate::grpc) fn line_to_row(
    ctx: &Context,
    line: ExpenseLine,
    judged: &Judged,
) -> expense_line::Model {
    let currency = line.amount.currency().code().to_owned();
    expense_line::Model {
        tenant_id: ctx.tenant,
        report_id: uuid::Uuid::nil(),
        position: 0,
        line_id: rapport_platform::id::new_id(),
        seller_id: uuid::Uuid::nil(),
        expense_date: date::number(line.date),
        category: line.category,
        description: line.description,
        amount: line.amount.minor(),
        currency,
        rate: judged.rate.normalize().to_string(),
        home_amount: judged.home,
        receipt: line.receipt,
        customer_id: line.customer,
        opportunity_id: line.opportunity,
        campaign: line.campaign,
        warnings: flags::bits(judged.warnings.iter().map(|it| it.code())),
    }
}

/// A report with its lines.
pub(in crate::grpc) fn to_proto(record: Record) -> proto::ExpenseReport {
    let Record { row, lines } = record;
    let lines = lines.into_iter().map(|it| line_to_proto(it, &row.currency));
    proto::ExpenseReport {
        lines: lines.collect(),
        ..row_to_proto(row.clone())
    }
}

/// A report without its lines.
pub(in crate::grpc) fn row_to_proto(row: expense_report::Model) -> proto::ExpenseReport {
    let expense_report::Model {
        tenant_id: _,
        report_id,
        seller_id,
        title,
        currency,
        total,
        warned_lines,
        policy_version,
        state,
        author,
        submitter,
        submit_time,
        approver,
        grant_id,
        decision_comment,
        decide_time,
        payment_document,
        payment_date,
        version,
        create_time,
        update_time,
    } = row;
    proto::ExpenseReport {
        name: EXPENSE_REPORT.format(&[report_id]),
        seller: resource::seller(seller_id),
        title,
        lines: Vec::new(),
        state: state.into(),
        total_amount: to_money(total, &currency),
        warned_line_count: warned_lines,
        policy_version,
        author,
        submitter: text(submitter),
        submit_time: submit_time.map(Into::into),
        approver: text(approver),
        authority_grant: text(grant_id.map(|id| AUTHORITY_GRANT.format(&[id]))),
        decision_comment: text(decision_comment),
        decide_time: decide_time.map(Into::into),
        payment_document: text(payment_document),
        payment_date: payment_date.map(to_day),
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
    }
}

fn line_to_proto(row: expense_line::Model, home: &str) -> proto::ExpenseLine {
    let expense_line::Model {
        tenant_id: _,
        report_id: _,
        position: _,
        line_id: _,
        seller_id: _,
        expense_date,
        category,
        description,
        amount,
        currency,
        rate,
        home_amount,
        receipt,
        customer_id,
        opportunity_id,
        campaign,
        warnings,
    } = row;
    let all = ExpenseWarning::ALL.iter();
    let warnings = all.filter(|it| flags::has(warnings, it.code()));
    proto::ExpenseLine {
        expense_date: Some(to_day(expense_date)),
        category,
        description,
        amount: to_money(amount, &currency),
        receipt: text(receipt),
        customer: text(customer_id.map(resource::customer)),
        opportunity: text(opportunity_id.map(resource::opportunity)),
        campaign: text(campaign),
        exchange_rate: rate,
        home_amount: to_money(home_amount, home),
        warnings: warnings.map(|it| it.number()).collect(),
    }
}

/// What a policy says.
fn policy(sent: &proto::ExpensePolicy) -> Result<ExpensePolicy, InvalidFields> {
    let proto::ExpensePolicy {
        name: _,
        currency_code,
        categories,
        manager_limit,
        late_after_days,
        version: _,
        author: _,
        create_time: _,
        etag: _,
    } = sent;
    let categories = categories.iter().map(|category| {
        let proto::ExpenseCategory {
            key,
            display_name,
            line_limit,
            receipt_above,
        } = category;
        let limits = (money(line_limit.as_ref()), money(receipt_above.as_ref()));
        (key.as_str(), display_name.as_str(), limits.0, limits.1)
    });
    ExpensePolicy::parse(PolicyParts {
        currency_code,
        categories: categories.collect(),
        manager_limit: money(manager_limit.as_ref()),
        late_after_days: *late_after_days,
    })
}

/// What is stored of a policy.
fn policy_document(policy: &ExpensePolicy) -> proto::ExpensePolicy {
    let code = policy.currency().code();
    let limit = |minor: Option<i64>| minor.and_then(|it| to_money(it, code));
    let categories = policy.categories().iter().map(|it| proto::ExpenseCategory {
        key: it.key.clone(),
        display_name: it.display_name.clone(),
        line_limit: limit(it.line_limit),
        receipt_above: limit(it.receipt_above),
    });
    proto::ExpensePolicy {
        currency_code: code.to_owned(),
        categories: categories.collect(),
        manager_limit: limit(policy.manager_limit()),
        late_after_days: policy.late_after().unwrap_or_default(),
        ..Default::default()
    }
}

impl Policy for expense_policy::Entity {
    type Proto = proto::ExpensePolicy;
    type Says = ExpensePolicy;
    const NAME: &'static str = EXPENSE_POLICY;
    const FIELD: &'static str = "expense_policy";

    fn sent(sent: &Self::Proto) -> (&str, &str) {
        (&sent.name, &sent.etag)
    }

    fn parse(sent: &Self::Proto) -> Result<Self::Says, InvalidFields> {
        policy(sent)
    }

    fn row(ctx: &Context, version: i64, says: &Self::Says) -> Self::Model {
        expense_policy::Model {
            tenant_id: ctx.tenant,
            version,
            document: policy_document(says).encode_to_vec(),
            author: ctx.actor.to_string(),
            create_time: ctx.now,
        }
    }

    fn version(row: &Self::Model) -> i64 {
        row.version
    }

    /// Before the first nothing can be spent.
    fn to_proto(row: Option<Self::Model>) -> Result<Self::Proto, Error> {
        let row = row.ok_or_else(|| Error::not_found(EXPENSE_POLICY.to_owned()))?;
        Ok(proto::ExpensePolicy {
            name: EXPENSE_POLICY.to_owned(),
            version: row.version,
            author: row.author.clone(),
            create_time: Some(row.create_time.into()),
            etag: Etag::of(row.version),
            ..document(&row)?
        })
    }

    fn changed(set: &Self::Proto, version: i64) -> NewEvent {
        events::policy_changed(set.clone(), version)
    }
}

/// What the policy in a row says.
pub(in crate::grpc) fn policy_from_row(
    row: &expense_policy::Model,
) -> Result<ExpensePolicy, Error> {
    policy(&document(row)?).map_err(unreadable(READING))
}

const READING: &str = "reading a stored expense policy";

fn document(row: &expense_policy::Model) -> Result<proto::ExpensePolicy, Error> {
    proto::ExpensePolicy::decode(row.document.as_slice()).map_err(unreadable(READING))
}

/// What was spent of one combination.
pub(in crate::grpc) fn spent_to_proto(row: Spent) -> proto::ExpenseRow {
    let Spent {
        seller_id,
        category,
        month,
        customer_id,
        opportunity_id,
        campaign,
        currency,
        amount,
        reimbursed,
        count,
    } = row;
    proto::ExpenseRow {
        seller: text(seller_id.map(resource::seller)),
        category: text(category),
        month: month.map(|month| to_day(month * 100 + 1)),
        amount: to_money(amount, &currency),
        reimbursed_amount: to_money(reimbursed, &currency),
        line_count: count,
        customer: text(customer_id.map(resource::customer)),
        opportunity: text(opportunity_id.map(|id| OPPORTUNITY.format(&[id]))),
        campaign: text(campaign),
    }
}
