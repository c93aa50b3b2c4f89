//! Invoices, and what changes what is open of them.

use rapport_platform::etag::Etag;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::Money;
use rapport_proto::google::r#type::Money as MoneyProto;
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::report::{edition, number};
use super::{day, money, required_day, text, to_day, to_money};
use crate::domain::date;
use crate::domain::edition::Edition;
use crate::domain::receivable::{self, InvoiceEntryKind};
use crate::resource::{self, CUSTOMER, INVOICE, ORDER};
use crate::store::entity::{invoice, invoice_entry};
use crate::store::invoice::ageing::Ages;
use jiff::civil::Date;

/// Who is to pay an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::grpc) enum Payer {
    /// Whoever ordered.
    Order(Uuid),
    /// A customer, as he was named.
    Customer(Uuid),
}

/// An invoice that the ERP tells of.
#[derive(Clone, Debug)]
pub(in crate::grpc) struct InvoiceReport {
    pub(in crate::grpc) document: String,
    pub(in crate::grpc) edition: Edition,
    pub(in crate::grpc) payer: Payer,
    pub(in crate::grpc) net: Money,
    /// In the same currency.
    pub(in crate::grpc) tax: i64,
    pub(in crate::grpc) issued: Date,
    pub(in crate::grpc) due: Option<Date>,
}

/// What a report says.
pub(in crate::grpc) fn invoice_report(
    report: &proto::InvoiceReport,
) -> Result<InvoiceReport, InvalidFields> {
    let proto::InvoiceReport {
        document,
        sequence,
        order,
        customer,
        net_amount,
        tax_amount,
        issue_date,
        due_date,
    } = report;
    let mut faults = InvalidFields::default();
    let document = faults.take("document", number(document));
    let edition = faults.take("sequence", edition(*sequence, report));
    let payer = faults.take("", payer(order, customer));
    let net = faults.take("net_amount", amount(net_amount.as_ref()));
    let tax = faults.take("tax_amount", tax(tax_amount.as_ref(), net));
    let issued = faults.take("issue_date", required_day(issue_date.as_ref()));
    let due = faults.take("due_date", day(due_date.as_ref()));
    if issued
        .zip(due.flatten())
        .is_some_and(|(issued, due)| due < issued)
    {
        faults.push("due_date", Invalid::new("is before issue_date"));
    }
    let parts = document.zip(edition).zip(payer.zip(net));
    let parts = parts.zip(tax).zip(issued.zip(due));
    faults.finish(parts.map(
        |((((document, edition), (payer, net)), tax), (issued, due))| InvoiceReport {
            document,
            edition,
            payer,
            net,
            tax,
            issued,
            due,
        },
    ))
}

fn payer(order: &str, customer: &str) -> Result<Payer, InvalidFields> {
    let mut faults = InvalidFields::default();
    let order = faults.take("order", resource::optional(ORDER, order));
    let customer = faults.take("customer", resource::optional(CUSTOMER, customer));
    let payer = match (order.flatten(), customer.flatten()) {
        (Some(order), None) => Some(Payer::Order(order)),
        (None, Some(customer)) => Some(Payer::Customer(customer)),
        (Some(_), Some(_)) => {
            faults.push("customer", Invalid::new("is whoever ordered: leave it out"));
            None
        }
        (None, None) => {
            faults.push("order", Invalid::new("is required, or customer"));
            None
        }
    };
    faults.finish(payer)
}

fn amount(sent: Option<&MoneyProto>) -> Result<Money, Invalid> {
    let amount = money(sent)?.ok_or_else(|| Invalid::new("is required"))?;
    receivable::amount(amount.minor()).map(|_| amount)
}

fn tax(sent: Option<&MoneyProto>, net: Option<Money>) -> Result<i64, Invalid> {
    let Some(tax) = sent.map(|sent| amount(Some(sent))).transpose()? else {
        return Ok(0);
    };
    if net.is_some_and(|net| net.currency() != tax.currency()) {
        return Err(Invalid::new("is in another currency than net_amount"));
    }
    Ok(tax.minor())
}

/// A document that changes what is open of an invoice, that the ERP tells of.
#[derive(Clone, Debug)]
pub(in crate::grpc) struct EntryReport {
    pub(in crate::grpc) document: String,
    pub(in crate::grpc) edition: Edition,
    pub(in crate::grpc) invoice: String,
    pub(in crate::grpc) kind: InvoiceEntryKind,
    pub(in crate::grpc) amount: Money,
    pub(in crate::grpc) booked: i32,
}

/// What a report says.
pub(in crate::grpc) fn entry_report(
    report: &proto::EntryReport,
) -> Result<EntryReport, InvalidFields> {
    let proto::EntryReport {
        document,
        sequence,
        invoice_document,
        kind,
        amount: sent,
        booking_date,
    } = report;
    let mut faults = InvalidFields::default();
    let document = faults.take("document", number(document));
    let edition = faults.take("sequence", edition(*sequence, report));
    let invoice = faults.take("invoice_document", number(invoice_document));
    let kind = faults.take("kind", InvoiceEntryKind::try_from(*kind));
    let amount = faults.take("amount", amount(sent.as_ref()));
    let booked = faults.take("booking_date", required_day(booking_date.as_ref()));
    let parts = document.zip(edition).zip(invoice.zip(kind));
    let parts = parts.zip(amount.zip(booked));
    faults.finish(parts.map(
        |(((document, edition), (invoice, kind)), (amount, booked))| EntryReport {
            document,
            edition,
            invoice,
            kind,
            amount,
            booked: date::number(booked),
        },
    ))
}

/// The invoice in a row.
pub(in crate::grpc) fn invoice_to_proto(row: invoice::Model) -> proto::Invoice {
    let invoice::Model {
        tenant_id: _,
        invoice_id,
        document,
        sequence,
        report_hash: _,
        customer_id,
        order_id,
        currency,
        net,
        tax,
        invoiced: _,
        paid,
        open,
        issue_date,
        due_date,
        settled_date: _,
        dispute_time,
        dispute_reason,
        promise_date,
        dunning_level,
        last_dunning_date,
        next_dunning_date,
        notice_id: _,
        version,
        create_time,
        update_time,
    } = row;
    proto::Invoice {
        name: INVOICE.format(&[invoice_id]),
        document,
        sequence,
        customer: text(customer_id.map(resource::customer)),
        order: text(order_id.map(|id| ORDER.format(&[id]))),
        net_amount: to_money(net, &currency),
        tax_amount: to_money(tax, &currency),
        gross_amount: to_money(net.saturating_add(tax), &currency),
        paid_amount: to_money(paid, &currency),
        open_amount: to_money(open, &currency),
        issue_date: Some(to_day(issue_date)),
        due_date: Some(to_day(due_date)),
        dispute_time: dispute_time.map(Into::into),
        dispute_reason: text(dispute_reason),
        promise_date: promise_date.map(to_day),
        dunning_level: dunning_level.into(),
        last_dunning_date: last_dunning_date.map(to_day),
        next_dunning_date: next_dunning_date.map(to_day),
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
    }
}

/// The entry in a row, of an invoice in a currency.
pub(in crate::grpc) fn entry_to_proto(
    row: invoice_entry::Model,
    currency: &str,
) -> proto::InvoiceEntry {
    let invoice_entry::Model {
        tenant_id: _,
        document,
        invoice_id: _,
        sequence,
        report_hash: _,
        kind,
        amount,
        booking_date,
        update_time,
    } = row;
    proto::InvoiceEntry {
        document,
        sequence,
        kind: kind.into(),
        amount: to_money(amount, currency),
        booking_date: Some(to_day(booking_date)),
        update_time: Some(update_time.into()),
    }
}

/// What is open by how long it is overdue.
pub(in crate::grpc) fn ageing_to_proto(ages: Ages) -> proto::Ageing {
    let Ages {
        currency,
        current,
        to_30,
        to_60,
        to_90,
        over_90,
        total,
        disputed,
        credit,
        invoices,
    } = ages;
    proto::Ageing {
        current: to_money(current, &currency),
        overdue_1_to_30_days: to_money(to_30, &currency),
        overdue_31_to_60_days: to_money(to_60, &currency),
        overdue_61_to_90_days: to_money(to_90, &currency),
        overdue_over_90_days: to_money(over_90, &currency),
        total: to_money(total, &currency),
        disputed: to_money(disputed, &currency),
        credit: to_money(credit, &currency),
        invoice_count: invoices,
        currency_code: currency,
    }
}
