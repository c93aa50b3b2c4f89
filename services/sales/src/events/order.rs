//! Facts about orders, receivables and reminders.

use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::sales::v1 as proto;

/// Makes the event of an order that has the version since.
pub(crate) type Tell = fn(proto::Order, i64) -> NewEvent;

/// Makes the event of an invoice that has the version since.
pub(crate) type TellInvoice = fn(proto::Invoice, i64) -> NewEvent;

facts! {
    /// A quote became an order.
    created => OrderCreated { order: Order };
    /// The ERP told its number of an order.
    acknowledged => OrderAcknowledged { order: Order };
    /// An order was cancelled.
    cancelled => OrderCancelled { order: Order };
    /// The ERP told of deliveries of an order.
    delivered => OrderDelivered { order: Order };
    /// What was invoiced, paid or is open of an order changed.
    payment_changed => OrderPaymentChanged { order: Order };
    /// The ERP told of an invoice.
    invoice_reported => InvoiceReported { invoice: Invoice };
    /// A customer objects to an invoice.
    disputed => InvoiceDisputed { invoice: Invoice };
    /// What he objected to is settled.
    dispute_resolved => InvoiceDisputeResolved { invoice: Invoice };
    /// A customer promised to pay.
    promised => PaymentPromised { invoice: Invoice };
    /// The dunning policy was set.
    policy_changed => DunningPolicyChanged { dunning_policy: DunningPolicy };
}

/// The ERP told of payments and the like of an invoice.
pub(crate) fn entries_reported(
    invoice: proto::Invoice,
    entries: Vec<proto::InvoiceEntry>,
    version: i64,
) -> NewEvent {
    let name = invoice.name.clone();
    let fact = proto::InvoiceEntriesReported {
        invoice: Some(invoice),
        entries,
    };
    NewEvent::new(name, version, &fact)
}

/// A customer was reminded.
pub(crate) fn dunned(notice: &proto::DunningNotice) -> NewEvent {
    let fact = proto::CustomerDunned {
        dunning_notice: Some(notice.clone()),
    };
    NewEvent::new(format!("dunningNotices/{}", notice.notice_id), 1, &fact)
}

/// Orders and invoices have another customer, by `cause`.
pub(crate) fn reassigned(cause: &str, version: i64, fact: &proto::OrdersReassigned) -> NewEvent {
    NewEvent::new(cause, version, fact)
}
