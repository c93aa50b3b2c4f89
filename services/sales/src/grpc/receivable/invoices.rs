//! What the ERP tells of invoices: many reports in a few statements.

use std::collections::{HashMap, HashSet};

use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::outbox;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::orders::Billed;
use crate::customers;
use crate::domain::date;
use crate::domain::dunning::DunningPolicy;
use crate::domain::edition::{Edition, ReportOutcome};
use crate::domain::order::Billing;
use crate::domain::receivable::NEVER;
use crate::error::Error;
use crate::events::order as events;
use crate::grpc::convert::receivable::{self as convert, InvoiceReport, Payer};
use crate::grpc::convert::report;
use crate::store::entity::invoice::Model;
use crate::store::{dunning, invoice};

type Read = Result<InvoiceReport, InvalidFields>;

/// The customers that reports name.
pub(super) fn payers(reports: &[Read]) -> Vec<Uuid> {
    let readable = reports.iter().filter_map(|it| it.as_ref().ok());
    let named = readable.filter_map(|it| match it.payer {
        Payer::Customer(customer) => Some(customer),
        Payer::Order(_) => None,
    });
    named.collect()
}

/// Takes in reports; answers what became of each.
pub(super) async fn take_in(
    ctx: &Context,
    txn: &DatabaseTransaction,
    reports: &[Read],
    customers: &customers::Known,
) -> Result<Vec<proto::ReportResult>, Error> {
    let readable = || reports.iter().filter_map(|it| it.as_ref().ok());
    let documents = readable().map(|it| it.document.as_str());
    let invoices = invoice::claim(ctx, txn, documents).await?;
    let named = readable().filter_map(|it| match it.payer {
        Payer::Order(order) => Some(order),
        Payer::Customer(_) => None,
    });
    let before = invoices.values().filter_map(|row| row.order_id);
    let orders: HashSet<Uuid> = named.chain(before).collect();
    let mut books = Books {
        ctx,
        customers,
        policy: dunning::in_force(ctx, txn).await?,
        orders: Billed::claim(ctx, txn, orders).await?,
        invoices,
        reported: HashSet::new(),
    };
    let results = reports.iter().map(|read| {
        let read = read.as_ref().map_err(Clone::clone);
        report::result(read.and_then(|it| books.judge(it)))
    });
    let results = results.collect();
    books.write(txn).await?;
    Ok(results)
}

/// The invoices that reports name, and what they make of them.
struct Books<'a> {
    ctx: &'a Context,
    customers: &'a customers::Known,
    policy: DunningPolicy,
    orders: Billed,
    invoices: HashMap<String, Model>,
    reported: HashSet<String>,
}

impl Books<'_> {
    fn judge(&mut self, report: &InvoiceReport) -> Result<ReportOutcome, InvalidFields> {
        let before = self.invoices.get(&report.document);
        let known = before.map(|row| Edition {
            sequence: row.sequence,
            hash: row.report_hash.clone(),
        });
        let outcome = report::outcome(&report.edition, known)?;
        if outcome == ReportOutcome::Applied {
            let row = match before {
                Some(before) => self.correction_of(before, report)?,
                None => self.first(report)?,
            };
            self.apply(row, report)?;
        }
        Ok(outcome)
    }

    /// The invoice, of which nothing was told before, without what this report says.
    fn first(&self, report: &InvoiceReport) -> Result<Model, Invalid> {
        let (order_id, customer_id) = match report.payer {
            Payer::Order(id) => {
                let order = self.orders.order(id);
                let order = order.ok_or_else(|| Invalid::new("does not exist").within("order"))?;
                if order.currency != report.net.currency().code() {
                    let why = "is in another currency than the order";
                    return Err(Invalid::new(why).within("net_amount"));
                }
                (Some(id), order.customer_id)
            }
            Payer::Customer(id) => (None, Some(self.customer(id)?)),
        };
        Ok(Model {
            tenant_id: self.ctx.tenant,
            invoice_id: new_id(),
            document: report.document.clone(),
            sequence: 0,
            report_hash: Vec::new(),
            customer_id,
            order_id,
            currency: report.net.currency().code().to_owned(),
            net: 0,
            tax: 0,
            invoiced: 0,
            paid: 0,
            open: 0,
            issue_date: 0,
            due_date: 0,
            settled_date: NEVER,
            dispute_time: None,
            dispute_reason: None,
            promise_date: None,
            dunning_level: 0,
            last_dunning_date: None,
            next_dunning_date: None,
            notice_id: None,
            version: 0,
            create_time: self.ctx.now,
            update_time: self.ctx.now,
        })
    }

    /// The invoice as it was, when the report may correct it.
    fn correction_of(&self, before: &Model, report: &InvoiceReport) -> Result<Model, Invalid> {
        let stays = |field: &str| {
            let why = "stays: void this invoice, and report another one";
            Err(Invalid::new(why).within(field))
        };
        if before.currency != report.net.currency().code() {
            return stays("net_amount");
        }
        match (report.payer, before.order_id, before.customer_id) {
            (Payer::Order(order), Some(known), _) if order == known => {}
            (Payer::Order(_), ..) => return stays("order"),
            // Erased since: it is still the same invoice.
            (Payer::Customer(_), None, None) => {}
            (Payer::Customer(id), None, Some(known))
                if id == known || self.customer(id)? == known => {}
            (Payer::Customer(_), ..) => return stays("customer"),
        }
        Ok(before.clone())
    }

    fn customer(&self, id: Uuid) -> Result<Uuid, Invalid> {
        let known = self.customers.get(&id).copied();
        known.ok_or_else(|| Invalid::new("does not exist").within("customer"))
    }

    fn apply(&mut self, row: Model, report: &InvoiceReport) -> Result<(), Invalid> {
        let within = |fault: Invalid| fault.within("net_amount");
        let (net, tax) = (report.net.minor(), report.tax);
        let before = invoice::billing(&row);
        let (was, is) = (row.net.saturating_add(row.tax), net.saturating_add(tax));
        let after = before.changed(Billing::of_invoice(was), Billing::of_invoice(is));
        let after = after.map_err(within)?;
        self.orders
            .change(row.order_id, (before, after))
            .map_err(within)?;
        let due = report.due.unwrap_or_else(|| self.policy.due(report.issued));
        let row = Model {
            sequence: report.edition.sequence,
            report_hash: report.edition.hash.clone(),
            net,
            tax,
            issue_date: date::number(report.issued),
            due_date: date::number(due),
            ..invoice::billed(row, after)
        };
        self.reported.insert(row.document.clone());
        self.invoices.insert(row.document.clone(), row);
        Ok(())
    }

    /// Writes what changed and tells of it.
    async fn write(mut self, txn: &DatabaseTransaction) -> Result<(), Error> {
        let ctx = self.ctx;
        let changed = self
            .reported
            .iter()
            .filter_map(|it| self.invoices.remove(it));
        let changed: Vec<Model> = changed.collect();
        let rows = invoice::write(ctx, txn, &self.policy, changed).await?;
        let events = rows.into_iter().map(|row| {
            let version = row.version;
            events::invoice_reported(convert::invoice_to_proto(row), version)
        });
        outbox::append(txn, ctx, &events.collect::<Vec<_>>()).await?;
        self.orders.write(ctx, txn).await
    }
}
