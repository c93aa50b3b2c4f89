//! What the ERP tells of payments and the like: many reports in a few statements.

use std::collections::{HashMap, HashSet};

use rapport_platform::identity::Context;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::outbox;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;

use super::orders::Billed;
use crate::domain::edition::{Edition, ReportOutcome};
use crate::domain::order::Billing;
use crate::error::Error;
use crate::events::order as events;
use crate::grpc::convert::receivable::{self as convert, EntryReport};
use crate::grpc::convert::report;
use crate::store::dunning;
use crate::store::entity::{invoice, invoice_entry};
use crate::store::invoice::{self as invoices, entry};

type Read = Result<EntryReport, InvalidFields>;

/// Takes in reports; answers what became of each.
pub(super) async fn take_in(
    ctx: &Context,
    txn: &DatabaseTransaction,
    reports: &[Read],
) -> Result<Vec<proto::ReportResult>, Error> {
    let readable = || reports.iter().filter_map(|it| it.as_ref().ok());
    let documents = readable().map(|it| it.invoice.as_str());
    let invoices = invoices::claim(ctx, txn, documents).await?;
    let orders: HashSet<_> = invoices.values().filter_map(|row| row.order_id).collect();
    let documents = readable().map(|it| it.document.as_str());
    let mut ledger = Ledger {
        ctx,
        orders: Billed::claim(ctx, txn, orders).await?,
        entries: entry::among(ctx, txn, documents).await?,
        invoices,
        reported: HashSet::new(),
    };
    let mut results = Vec::with_capacity(reports.len());
    for read in reports {
        let outcome = match read {
            Ok(report) => ledger.judge(report)?,
            Err(faults) => Err(faults.clone()),
        };
        results.push(report::result(outcome));
    }
    ledger.write(txn).await?;
    Ok(results)
}

/// The invoices and documents that reports name, and what they make of them.
struct Ledger<'a> {
    ctx: &'a Context,
    orders: Billed,
    invoices: HashMap<String, invoice::Model>,
    entries: HashMap<String, invoice_entry::Model>,
    reported: HashSet<String>,
}

impl Ledger<'_> {
    /// What becomes of a report.
    ///
    /// # Errors
    /// When what is stored can't be read.
    fn judge(
        &mut self,
        report: &EntryReport,
    ) -> Result<Result<ReportOutcome, InvalidFields>, Error> {
        let before = self.entries.get(&report.document);
        let effect = before.map(entry::effect).transpose()?.unwrap_or_default();
        Ok(self.judged(report, effect))
    }

    fn judged(
        &mut self,
        report: &EntryReport,
        before: Billing,
    ) -> Result<ReportOutcome, InvalidFields> {
        let refused = |field: &str, why: &'static str| Invalid::new(why).within(field);
        let invoice = self.invoices.get(&report.invoice);
        let invoice = invoice.ok_or_else(|| refused("invoice_document", "is not known"))?;
        let known = self.entries.get(&report.document);
        if known.is_some_and(|it| it.invoice_id != invoice.invoice_id) {
            let why = "is of another invoice: void it there, and report another one";
            return Err(refused("document", why).into());
        }
        let known = known.map(|row| Edition {
            sequence: row.sequence,
            hash: row.report_hash.clone(),
        });
        let outcome = report::outcome(&report.edition, known)?;
        if outcome != ReportOutcome::Applied {
            return Ok(outcome);
        }
        if invoice.currency != report.amount.currency().code() {
            return Err(refused("amount", "is in another currency than the invoice").into());
        }
        let invoice = invoice.clone();
        self.apply(invoice, report, before)?;
        Ok(outcome)
    }

    fn apply(
        &mut self,
        row: invoice::Model,
        report: &EntryReport,
        before: Billing,
    ) -> Result<(), Invalid> {
        let within = |fault: Invalid| fault.within("amount");
        let amount = report.amount.minor();
        let was = invoices::billing(&row);
        let is = was
            .changed(before, report.kind.effect(amount))
            .map_err(within)?;
        self.orders
            .change(row.order_id, (was, is))
            .map_err(within)?;
        let entry = invoice_entry::Model {
            tenant_id: self.ctx.tenant,
            document: report.document.clone(),
            invoice_id: row.invoice_id,
            sequence: report.edition.sequence,
            report_hash: report.edition.hash.clone(),
            kind: report.kind.code(),
            amount,
            booking_date: report.booked,
            update_time: self.ctx.now,
        };
        self.reported.insert(report.document.clone());
        self.entries.insert(report.document.clone(), entry);
        self.invoices
            .insert(row.document.clone(), invoices::billed(row, is));
        Ok(())
    }

    /// Writes what changed and tells of it.
    async fn write(mut self, txn: &DatabaseTransaction) -> Result<(), Error> {
        let ctx = self.ctx;
        let reported = self
            .reported
            .iter()
            .filter_map(|it| self.entries.remove(it));
        let reported: Vec<invoice_entry::Model> = reported.collect();
        entry::write(txn, reported.clone()).await?;
        let mut entries: HashMap<_, Vec<_>> = HashMap::new();
        for row in reported {
            entries.entry(row.invoice_id).or_default().push(row);
        }
        let touched = self.invoices.into_values();
        let touched = touched.filter(|row| entries.contains_key(&row.invoice_id));
        let touched: Vec<invoice::Model> = touched.collect();
        let policy = dunning::in_force(ctx, txn).await?;
        let rows = invoices::write(ctx, txn, &policy, touched).await?;
        let events = rows.into_iter().map(|row| {
            let mut booked = entries.remove(&row.invoice_id).unwrap_or_default();
            booked.sort_unstable_by(|one, other| one.document.cmp(&other.document));
            let booked = booked.into_iter();
            let booked = booked
                .map(|it| convert::entry_to_proto(it, &row.currency))
                .collect();
            let version = row.version;
            events::entries_reported(convert::invoice_to_proto(row), booked, version)
        });
        outbox::append(txn, ctx, &events.collect::<Vec<_>>()).await?;
        self.orders.write(ctx, txn).await
    }
}
