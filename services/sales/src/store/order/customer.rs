//! Orders, invoices, reminders, expenses, suggestions, plans, and what events and tasks have to do with
//! customers, follow these when they are merged, and find back.

use rapport_platform::identity::Context;
use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _,
};
use uuid::Uuid;

use crate::error::Error;
use crate::store::entity::order_reassignment as moved;

const TENANT: &str = "tenant_id";
const CUSTOMER: &str = "customer_id";

/// How many orders and invoices have another customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) orders: u64,
    pub(crate) invoices: u64,
}

impl Moved {
    const fn of([orders, invoices, ..]: [u64; KINDS]) -> Self {
        Self { orders, invoices }
    }
}

/// A table whose rows have a customer.
struct Table {
    /// By which its rows are noted.
    kind: i16,
    name: &'static str,
    id: &'static str,
    /// Whether its rows have a version and a time of their last change.
    versioned: bool,
    /// The column of which a customer has no value twice: where the other has it, a row stays, and
    /// does not find back.
    distinct: Option<&'static str>,
    /// Whether an erasure takes its rows and not just their customer.
    personal: bool,
}

/// How many there are.
const KINDS: usize = 10;

const ORDERS: Table = Table {
    kind: 1,
    name: "sales_order",
    id: "order_id",
    versioned: true,
    distinct: None,
    personal: false,
};
const INVOICES: Table = Table {
    kind: 2,
    name: "invoice",
    id: "invoice_id",
    versioned: true,
    distinct: None,
    personal: false,
};
const NOTICES: Table = Table {
    kind: 3,
    name: "dunning_notice",
    id: "notice_id",
    versioned: false,
    distinct: None,
    personal: false,
};

const EXPENSES: Table = Table {
    kind: 4,
    name: "expense_line",
    id: "line_id",
    versioned: false,
    distinct: None,
    personal: false,
};
const ATTENDEES: Table = Table {
    kind: 5,
    name: "calendar_attendee",
    id: "attendee_id",
    versioned: false,
    distinct: None,
    personal: false,
};
const LINKS: Table = Table {
    kind: 6,
    name: "activity_link",
    id: "link_id",
    versioned: false,
    distinct: None,
    personal: false,
};
const RESPONSES: Table = Table {
    kind: 7,
    name: "suggestion_response",
    id: "response_id",
    versioned: false,
    distinct: None,
    personal: true,
};
const DECISIONS: Table = Table {
    kind: 8,
    name: "suggestion_decision",
    id: "decision_id",
    versioned: false,
    distinct: Some("situation"),
    personal: true,
};
const PLANS: Table = Table {
    kind: 9,
    name: "account_plan",
    id: "plan_id",
    versioned: true,
    distinct: None,
    personal: false,
};
const PARTIES: Table = Table {
    kind: 10,
    name: "account_plan_party",
    id: "party_id",
    versioned: false,
    distinct: None,
    personal: true,
};
const ALL: [&Table; KINDS] = [
    &ORDERS, &INVOICES, &NOTICES, &EXPENSES, &ATTENDEES, &LINKS, &RESPONSES, &DECISIONS, &PLANS,
    &PARTIES,
];

/// Gives what is of a customer to another one, and notes by which merge: two statements for each
/// kind, however many they are.
pub(crate) async fn reassign(
    ctx: &Context,
    txn: &DatabaseTransaction,
    merge: Uuid,
    (from, to): (Uuid, Uuid),
) -> Result<Moved, Error> {
    let mut counts = [0; KINDS];
    for (table, count) in ALL.into_iter().zip(&mut counts) {
        let theirs = of([from]).add_option(twice(ctx, table, to).map(|it| it.not()));
        note(ctx, txn, table, merge, theirs.clone()).await?;
        *count = assign(ctx, txn, table, Some(to), theirs).await?;
    }
    Ok(Moved::of(counts))
}

/// Gives what a merge moved back to whom it belonged, unless it has yet another customer since.
pub(crate) async fn give_back(
    ctx: &Context,
    txn: &DatabaseTransaction,
    merge: Uuid,
    (survivor, restored): (Uuid, Uuid),
) -> Result<Moved, Error> {
    let mut counts = [0; KINDS];
    for (table, count) in ALL.into_iter().zip(&mut counts) {
        let noted = Query::select()
            .column(moved::Column::MovedId)
            .from(moved::Entity)
            .and_where(moved::Column::TenantId.eq(ctx.tenant))
            .and_where(moved::Column::MergeId.eq(merge))
            .and_where(moved::Column::Kind.eq(table.kind))
            .to_owned();
        let which = of([survivor]).add(Expr::col(table.id).in_subquery(noted));
        // What he got of his own since he was told apart holds.
        if let Some(twice) = twice(ctx, table, restored) {
            delete(ctx, txn, table, which.clone().add(twice)).await?;
        }
        *count = assign(ctx, txn, table, Some(restored), which).await?;
    }
    moved::Entity::delete_many()
        .filter(moved::Column::TenantId.eq(ctx.tenant))
        .filter(moved::Column::MergeId.eq(merge))
        .exec(txn)
        .await?;
    Ok(Moved::of(counts))
}

/// Forgets whose all that was, and what it was where that is personal.
pub(crate) async fn forget(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
) -> Result<Moved, Error> {
    let mut counts = [0; KINDS];
    for (table, count) in ALL.into_iter().zip(&mut counts) {
        let theirs = of(customers.iter().copied());
        *count = match table.personal {
            true => delete(ctx, txn, table, theirs).await?,
            false => assign(ctx, txn, table, None, theirs).await?,
        };
    }
    Ok(Moved::of(counts))
}

/// Whether a customer has the value of the column of which nobody has one twice.
fn twice(ctx: &Context, table: &Table, customer: Uuid) -> Option<Expr> {
    let column = table.distinct?;
    let had = Query::select()
        .column(column)
        .from(table.name)
        .and_where(Expr::col(TENANT).eq(ctx.tenant))
        .cond_where(of([customer]))
        .to_owned();
    Some(Expr::col(column).in_subquery(had))
}

fn of(customers: impl IntoIterator<Item = Uuid>) -> Condition {
    Condition::all().add(Expr::col(CUSTOMER).is_in(customers))
}

async fn note(
    ctx: &Context,
    txn: &DatabaseTransaction,
    table: &Table,
    merge: Uuid,
    which: Condition,
) -> Result<(), Error> {
    let theirs = Query::select()
        .expr(Expr::val(ctx.tenant))
        .expr(Expr::val(merge))
        .expr(Expr::val(table.kind))
        .column(table.id)
        .from(table.name)
        .and_where(Expr::col(TENANT).eq(ctx.tenant))
        .cond_where(which)
        .to_owned();
    let columns = [
        moved::Column::TenantId,
        moved::Column::MergeId,
        moved::Column::Kind,
        moved::Column::MovedId,
    ];
    let note = Query::insert()
        .into_table(moved::Entity)
        .columns(columns)
        .select_from(theirs)
        .map_err(|error| sea_orm::DbErr::Custom(error.to_string()))?
        .to_owned();
    txn.execute(&note).await?;
    Ok(())
}

async fn assign(
    ctx: &Context,
    txn: &DatabaseTransaction,
    table: &Table,
    customer: Option<Uuid>,
    which: Condition,
) -> Result<u64, Error> {
    let mut update = Query::update();
    update
        .table(table.name)
        .value(CUSTOMER, customer)
        .and_where(Expr::col(TENANT).eq(ctx.tenant))
        .cond_where(which);
    if table.versioned {
        update
            .value("version", Expr::col("version").add(1))
            .value("update_time", ctx.now);
    }
    Ok(txn.execute(&update).await?.rows_affected())
}

async fn delete(
    ctx: &Context,
    txn: &DatabaseTransaction,
    table: &Table,
    which: Condition,
) -> Result<u64, Error> {
    let delete = Query::delete()
        .from_table(table.name)
        .and_where(Expr::col(TENANT).eq(ctx.tenant))
        .cond_where(which)
        .to_owned();
    Ok(txn.execute(&delete).await?.rows_affected())
}
