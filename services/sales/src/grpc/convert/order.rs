//! Orders, and what was delivered of them.

use std::collections::HashSet;

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::Money;
use rapport_proto::google::r#type::Money as MoneyProto;
use rapport_proto::rapport::sales::v1 as proto;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::report::{edition, number, optional_number};
use super::{required_day, text, to_day, to_money};
use crate::domain::date;
use crate::domain::edition::Edition;
use crate::domain::order::{Billing, OrderDiscrepancy, Shipped, Standing};
use crate::domain::quantity::Quantity;
use crate::domain::quote::amounts::Amounts;
use crate::error::{Error, unreadable};
use crate::resource::{self, OPPORTUNITY, ORDER, PRODUCT};
use crate::store::entity::{order_delivery, order_line, quote, sales_order};
use crate::store::order::{Record, delivery, standing_as};

const READING: &str = "reading what a quote said";
/// Most lines of an order, as of a quote.
const MOST_LINES: usize = 200;

/// The order that a quote becomes with what it says.
pub(in crate::grpc) fn of_quote(
    ctx: &Context,
    quote: &quote::Model,
    content: &proto::QuoteContent,
) -> Result<Record, Error> {
    let lines = (1..).zip(&content.lines);
    let lines = lines.map(|(position, sent)| line_of_quote(ctx, quote.quote_id, position, sent));
    let lines: Vec<order_line::Model> = lines.collect::<Result<_, _>>()?;
    let shipped: Vec<_> = lines.iter().map(|it| (it.quantity, it.delivered)).collect();
    let standing = Standing {
        cancelled: false,
        promised: quote.net.saturating_add(quote.tax),
        billing: Billing::default(),
        shipped: Shipped::of(&shipped),
    };
    let row = sales_order::Model {
        tenant_id: ctx.tenant,
        order_id: quote.quote_id,
        quote_revision: quote.revision,
        content_hash: quote.content_hash.clone(),
        customer_id: Some(quote.customer_id),
        opportunity_id: quote.opportunity_id,
        owner: quote.owner.clone(),
        title: quote.title.clone(),
        currency: quote.currency.clone(),
        net: quote.net,
        tax: quote.tax,
        state: 0,
        delivery_state: 0,
        payment_state: 0,
        discrepancies: 0,
        invoiced: 0,
        paid: 0,
        open: 0,
        external_number: None,
        promised_date: None,
        cancel_reason: None,
        version: 1,
        create_time: ctx.now,
        update_time: ctx.now,
    };
    Ok(Record {
        row: standing_as(row, &standing),
        lines,
    })
}

fn line_of_quote(
    ctx: &Context,
    order: Uuid,
    position: i32,
    line: &proto::QuoteLine,
) -> Result<order_line::Model, Error> {
    let minor = |amount: Option<&MoneyProto>| {
        let amount = amount.ok_or("no amount").map_err(unreadable(READING))?;
        let amount = Money::try_from(amount).map_err(unreadable(READING))?;
        Ok::<_, Error>(amount.minor())
    };
    let quantity = Quantity::parse(&line.quantity).map_err(unreadable(READING))?;
    Ok(order_line::Model {
        tenant_id: ctx.tenant,
        order_id: order,
        position,
        product_id: PRODUCT.ids(&line.product).map(|[id]| id),
        description: line.description.clone(),
        quantity: quantity.thousandths(),
        delivered: 0,
        unit_price: minor(line.unit_price.as_ref())?,
        tax_rate: line.tax_rate_ppm,
        net: minor(line.net_amount.as_ref())?,
        tax: minor(line.tax_amount.as_ref())?,
    })
}

/// An order with what was ordered.
pub(in crate::grpc) fn to_proto(record: Record) -> proto::Order {
    let Record { row, lines } = record;
    let lines = lines.into_iter().map(|it| line_to_proto(it, &row.currency));
    proto::Order {
        lines: lines.collect(),
        ..row_to_proto(row.clone())
    }
}

/// An order without its lines.
pub(in crate::grpc) fn row_to_proto(row: sales_order::Model) -> proto::Order {
    let sales_order::Model {
        tenant_id: _,
        order_id,
        quote_revision,
        content_hash,
        customer_id,
        opportunity_id,
        owner,
        title,
        currency,
        net,
        tax,
        state,
        delivery_state,
        payment_state,
        discrepancies,
        invoiced,
        paid,
        open,
        external_number,
        promised_date,
        cancel_reason,
        version,
        create_time,
        update_time,
    } = row;
    let discrepancies = OrderDiscrepancy::from_bits(discrepancies);
    proto::Order {
        name: ORDER.format(&[order_id]),
        customer: text(customer_id.map(resource::customer)),
        quote_revision: resource::quote_revision(order_id, quote_revision),
        content_hash: content_hash.iter().map(|it| format!("{it:02x}")).collect(),
        opportunity: text(opportunity_id.map(|id| OPPORTUNITY.format(&[id]))),
        owner,
        title,
        lines: Vec::new(),
        totals: Some(super::quote::totals(Amounts { net, tax }, &currency)),
        state: state.into(),
        delivery_state: delivery_state.into(),
        payment_state: payment_state.into(),
        discrepancies: discrepancies.map(OrderDiscrepancy::number).collect(),
        invoiced_amount: to_money(invoiced, &currency),
        paid_amount: to_money(paid, &currency),
        open_amount: to_money(open, &currency),
        external_number: text(external_number),
        promised_date: promised_date.map(to_day),
        cancel_reason: text(cancel_reason),
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
    }
}

fn line_to_proto(row: order_line::Model, currency: &str) -> proto::OrderLine {
    let order_line::Model {
        tenant_id: _,
        order_id: _,
        position,
        product_id,
        description,
        quantity,
        delivered,
        unit_price,
        tax_rate,
        net,
        tax,
    } = row;
    proto::OrderLine {
        position,
        product: text(product_id.map(resource::product)),
        description,
        quantity: thousandths(quantity),
        delivered_quantity: thousandths(delivered),
        unit_price: to_money(unit_price, currency),
        tax_rate_ppm: tax_rate,
        net_amount: to_money(net, currency),
        tax_amount: to_money(tax, currency),
        gross_amount: to_money(net.saturating_add(tax), currency),
    }
}

/// Without trailing zeros; unlike a [`Quantity`], it may be 0 or as large as any sum of them.
fn thousandths(count: i64) -> String {
    Decimal::new(count, 3).normalize().to_string()
}

/// By what a report names an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::grpc) enum OrderKey {
    /// Its name.
    Id(Uuid),
    /// The ERP's number.
    Number(String),
}

/// Reads by what an order is named: by exactly one of the two, in `field` or in
/// `external_number`.
pub(in crate::grpc) fn order_key(
    field: &str,
    name: &str,
    external_number: &str,
) -> Result<OrderKey, InvalidFields> {
    let mut faults = InvalidFields::default();
    let id = faults.take(field, resource::optional(ORDER, name));
    let by_number = faults.take("external_number", optional_number(external_number));
    let key = match (id.flatten(), by_number.flatten()) {
        (Some(id), None) => Some(OrderKey::Id(id)),
        (None, Some(number)) => Some(OrderKey::Number(number)),
        (Some(_), Some(_)) => {
            faults.push(
                "external_number",
                Invalid::new("names an order twice: leave it out"),
            );
            None
        }
        (None, None) => {
            faults.push(field, Invalid::new("is required, or external_number"));
            None
        }
    };
    faults.finish(key)
}

/// A delivery document that the ERP tells of.
#[derive(Clone, Debug)]
pub(in crate::grpc) struct DeliveryReport {
    pub(in crate::grpc) document: String,
    pub(in crate::grpc) edition: Edition,
    pub(in crate::grpc) order: OrderKey,
    /// Position and thousandths.
    pub(in crate::grpc) lines: Vec<(i32, i64)>,
    pub(in crate::grpc) date: i32,
    pub(in crate::grpc) carrier: Option<String>,
    pub(in crate::grpc) tracking: Option<String>,
}

/// What a report says.
pub(in crate::grpc) fn delivery_report(
    report: &proto::DeliveryReport,
) -> Result<DeliveryReport, InvalidFields> {
    let proto::DeliveryReport {
        document,
        sequence,
        order,
        external_number,
        lines: sent,
        delivery_date,
        carrier,
        tracking_number,
    } = report;
    let mut faults = InvalidFields::default();
    let document = faults.take("document", number(document));
    let edition = faults.take("sequence", edition(*sequence, report));
    let order = faults.take("", order_key("order", order, external_number));
    let lines = faults.take("", lines(sent));
    let date = faults.take("delivery_date", required_day(delivery_date.as_ref()));
    let carrier = faults.take("carrier", optional_number(carrier));
    let tracking = faults.take("tracking_number", optional_number(tracking_number));
    let parts = document.zip(edition).zip(order.zip(lines));
    let parts = parts.zip(date).zip(carrier.zip(tracking));
    faults.finish(parts.map(
        |((((document, edition), (order, lines)), date), (carrier, tracking))| DeliveryReport {
            document,
            edition,
            order,
            lines,
            date: date::number(date),
            carrier,
            tracking,
        },
    ))
}

fn lines(sent: &[proto::DeliveryLine]) -> Result<Vec<(i32, i64)>, InvalidFields> {
    let mut faults = InvalidFields::default();
    if sent.len() > MOST_LINES {
        faults.push("lines", Invalid::new("are too many: at most 200"));
        return faults.finish(None);
    }
    let mut seen = HashSet::new();
    let mut lines = Vec::with_capacity(sent.len());
    for (index, line) in sent.iter().enumerate() {
        let field = |name: &str| format!("lines[{index}].{name}");
        if !seen.insert(line.position) {
            faults.push(
                &field("position"),
                Invalid::new("repeats that of an earlier line"),
            );
        }
        let quantity = faults.take(&field("quantity"), Quantity::parse(&line.quantity));
        lines.extend(quantity.map(|it| (line.position, it.thousandths())));
    }
    faults.finish(Some(lines))
}

/// What is known of a delivery document.
pub(in crate::grpc) fn delivery_to_proto(
    row: order_delivery::Model,
) -> Result<proto::Delivery, Error> {
    let lines = delivery::lines(&row)?.into_iter();
    let lines = lines.map(|(position, quantity)| proto::DeliveryLine {
        position,
        quantity: thousandths(quantity),
    });
    let order_delivery::Model {
        tenant_id: _,
        document,
        order_id: _,
        sequence,
        report_hash: _,
        lines: _,
        delivery_date,
        carrier,
        tracking_number,
        update_time,
    } = row;
    Ok(proto::Delivery {
        document,
        sequence,
        lines: lines.collect(),
        delivery_date: Some(to_day(delivery_date)),
        carrier: text(carrier),
        tracking_number: text(tracking_number),
        update_time: Some(update_time.into()),
    })
}
