//! What the ERP tells of deliveries: many reports in a few statements.

use std::collections::{HashMap, HashSet};

use rapport_platform::identity::Context;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::outbox;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::domain::edition::{Edition, ReportOutcome};
use crate::domain::order::Shipped;
use crate::error::Error;
use crate::events::order as events;
use crate::grpc::convert::order::{self as convert, DeliveryReport, OrderKey};
use crate::grpc::convert::report;
use crate::store::entity::{order_delivery, order_line, sales_order};
use crate::store::order::{self, Record, delivery};

type Read = Result<DeliveryReport, InvalidFields>;

/// Takes in reports; answers what became of each.
pub(super) async fn take_in(
    ctx: &Context,
    txn: &DatabaseTransaction,
    reports: &[Read],
) -> Result<Vec<proto::ReportResult>, Error> {
    let mut known = Known::read(ctx, txn, reports).await?;
    let results = reports.iter().map(|read| {
        let read = read.as_ref().map_err(Clone::clone);
        report::result(read.and_then(|it| known.judge(ctx, it)))
    });
    let results = results.collect();
    known.write(ctx, txn).await?;
    Ok(results)
}

/// What is known of the orders that reports name, and what they make of it.
struct Known {
    numbers: HashMap<String, Uuid>,
    orders: HashMap<Uuid, sales_order::Model>,
    lines: HashMap<(Uuid, i32), order_line::Model>,
    documents: HashMap<String, order_delivery::Model>,
    reported: HashSet<String>,
    touched: HashSet<Uuid>,
}

impl Known {
    async fn read(
        ctx: &Context,
        txn: &DatabaseTransaction,
        reports: &[Read],
    ) -> Result<Self, Error> {
        let readable = || reports.iter().filter_map(|it| it.as_ref().ok());
        let numbers = readable().filter_map(|it| match &it.order {
            OrderKey::Number(number) => Some(number.as_str()),
            OrderKey::Id(_) => None,
        });
        let numbers = order::by_numbers(ctx, txn, numbers).await?;
        let named = readable().filter_map(|it| match it.order {
            OrderKey::Id(id) => Some(id),
            OrderKey::Number(_) => None,
        });
        let ids: HashSet<Uuid> = named.chain(numbers.values().copied()).collect();
        let orders = order::claim(ctx, txn, ids).await?;
        let ids: Vec<Uuid> = orders.keys().copied().collect();
        let lines = order::lines(ctx, txn, &ids).await?.into_iter();
        let documents = readable().map(|it| it.document.as_str());
        Ok(Self {
            numbers,
            orders,
            lines: lines.map(|it| ((it.order_id, it.position), it)).collect(),
            documents: delivery::among(ctx, txn, documents).await?,
            reported: HashSet::new(),
            touched: HashSet::new(),
        })
    }

    fn judge(
        &mut self,
        ctx: &Context,
        report: &DeliveryReport,
    ) -> Result<ReportOutcome, InvalidFields> {
        let order = match &report.order {
            OrderKey::Id(id) => Some(*id).filter(|id| self.orders.contains_key(id)),
            OrderKey::Number(number) => self.numbers.get(number).copied(),
        };
        let order = order.ok_or_else(|| match report.order {
            OrderKey::Id(_) => Invalid::new("does not exist").within("order"),
            OrderKey::Number(_) => Invalid::new("is no order's").within("external_number"),
        })?;
        let before = self.documents.get(&report.document);
        if before.is_some_and(|before| before.order_id != order) {
            let why = "is of another order: void it there, and report another one";
            return Err(Invalid::new(why).within("document").into());
        }
        let known = before.map(|row| Edition {
            sequence: row.sequence,
            hash: row.report_hash.clone(),
        });
        let outcome = report::outcome(&report.edition, known)?;
        if outcome == ReportOutcome::Applied {
            self.require_lines(order, report)?;
            self.apply(ctx, order, report);
        }
        Ok(outcome)
    }

    fn require_lines(&self, order: Uuid, report: &DeliveryReport) -> Result<(), InvalidFields> {
        let mut faults = InvalidFields::default();
        for (index, (position, _)) in report.lines.iter().enumerate() {
            if !self.lines.contains_key(&(order, *position)) {
                let field = format!("lines[{index}].position");
                faults.push(&field, Invalid::new("is no line of the order"));
            }
        }
        faults.finish(Some(()))
    }

    /// Puts the report in the place of what was told of its document before.
    fn apply(&mut self, ctx: &Context, order: Uuid, report: &DeliveryReport) {
        let before = self.documents.get(&report.document);
        let before = before.and_then(|row| delivery::lines(row).ok());
        let taken_back = before.unwrap_or_default().into_iter();
        let taken_back = taken_back.map(|(position, count)| (position, -count));
        for (position, count) in taken_back.chain(report.lines.iter().copied()) {
            if let Some(line) = self.lines.get_mut(&(order, position)) {
                line.delivered = line.delivered.saturating_add(count);
            }
        }
        let row = order_delivery::Model {
            tenant_id: ctx.tenant,
            document: report.document.clone(),
            order_id: order,
            sequence: report.edition.sequence,
            report_hash: report.edition.hash.clone(),
            lines: report
                .lines
                .iter()
                .map(|(at, count)| serde_json::json!([at, count]))
                .collect(),
            delivery_date: report.date,
            carrier: report.carrier.clone(),
            tracking_number: report.tracking.clone(),
            update_time: ctx.now,
        };
        self.documents.insert(report.document.clone(), row);
        self.reported.insert(report.document.clone());
        self.touched.insert(order);
    }

    /// Writes what changed and tells of it.
    async fn write(mut self, ctx: &Context, txn: &DatabaseTransaction) -> Result<(), Error> {
        let reported = self
            .reported
            .iter()
            .filter_map(|it| self.documents.remove(it));
        delivery::write(txn, reported.collect()).await?;
        let mut lines: HashMap<Uuid, Vec<order_line::Model>> = HashMap::new();
        for line in self.lines.into_values() {
            if self.touched.contains(&line.order_id) {
                lines.entry(line.order_id).or_default().push(line);
            }
        }
        order::write_lines(txn, lines.values().flatten().cloned().collect()).await?;
        let mut changed = Vec::with_capacity(lines.len());
        for (order, lines) in &mut lines {
            lines.sort_unstable_by_key(|line| line.position);
            changed.extend(self.orders.remove(order).map(|row| redelivered(row, lines)));
        }
        let changed = changed.into_iter().collect::<Result<Vec<_>, _>>()?;
        let rows = order::write(ctx, txn, changed).await?.into_iter();
        let events = rows.map(|row| {
            let lines = lines.remove(&row.order_id).unwrap_or_default();
            let version = row.version;
            events::delivered(convert::to_proto(Record { row, lines }), version)
        });
        Ok(outbox::append(txn, ctx, &events.collect::<Vec<_>>()).await?)
    }
}

fn redelivered(
    row: sales_order::Model,
    lines: &[order_line::Model],
) -> Result<sales_order::Model, Error> {
    let mut standing = order::standing(&row)?;
    let counts: Vec<_> = lines.iter().map(|it| (it.quantity, it.delivered)).collect();
    standing.shipped = Shipped::of(&counts);
    Ok(order::standing_as(row, &standing))
}
