//! Quotes.

use iso_currency::Currency;
use rapport_platform::etag::Etag;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::text as texts;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;

use super::price_book::amount;
use super::{instant, text, to_money};
use crate::domain::price::{TaxTreatment, currency};
use crate::domain::quantity::Quantity;
use crate::domain::quote::amounts::Amounts;
use crate::domain::quote::content::{Content, Draft, DraftLine, Line, RoundingPolicy};
use crate::domain::quote::state::{QuoteState, is_binding};
use crate::domain::share::Share;
use crate::error::Error;
use crate::resource::{self, OPPORTUNITY, ORDER, PRICE, PRODUCT, PROPOSAL, QUOTE};
use crate::store::entity::quote::Model;
use crate::store::quote;

/// What somebody wants to offer.
pub(in crate::grpc) fn draft(content: &proto::QuoteContent) -> Result<Draft, InvalidFields> {
    let proto::QuoteContent {
        title,
        currency_code,
        rounding_policy,
        tax_treatment,
        discount_ppm,
        lines,
        expire_time,
        terms,
    } = content;
    let mut faults = InvalidFields::default();
    let title = faults.take("title", texts::line(title, 200));
    let currency = faults.take("currency_code", currency(currency_code));
    let rounding = RoundingPolicy::try_from(*rounding_policy);
    let rounding = faults.take("rounding_policy", rounding);
    let tax = faults.take("tax_treatment", TaxTreatment::try_from(*tax_treatment));
    let discount = faults.take("discount_ppm", Share::parse(*discount_ppm));
    let expire = faults.take("expire_time", instant(expire_time.as_ref()));
    let terms = faults.take("terms", texts::optional_passage(terms, 4_000));
    // Without a currency no price can be read.
    let read = lines
        .iter()
        .enumerate()
        .filter_map(|(index, sent)| faults.take(&format!("lines[{index}]"), line(sent, currency?)));
    let lines = read.collect();
    let parts = title.zip(currency).zip(rounding.zip(tax));
    let parts = parts.zip(discount).zip(expire.zip(terms));
    faults.finish(parts.map(
        |((((title, currency), (rounding, tax)), discount), (expire, terms))| Draft {
            title,
            currency,
            rounding,
            tax,
            discount,
            lines,
            expire,
            terms,
        },
    ))
}

fn line(line: &proto::QuoteLine, currency: Currency) -> Result<DraftLine, InvalidFields> {
    let proto::QuoteLine {
        description,
        product,
        price_book_entry,
        quantity,
        unit_price,
        discount_ppm,
        tax_rate_ppm,
        list_price: _,
        unit_cost: _,
        floor_margin_ppm: _,
        net_amount: _,
        tax_amount: _,
        gross_amount: _,
    } = line;
    let mut faults = InvalidFields::default();
    let description = faults.take("description", texts::line(description, 500));
    let product = faults.take("product", resource::optional(PRODUCT, product));
    let price = match PRICE.ids(price_book_entry) {
        None if !price_book_entry.is_empty() => Err(Invalid::new(format!(
            "must have the form `{}`",
            PRICE.template()
        ))),
        price => Ok(price),
    };
    let price = faults.take("price_book_entry", price);
    let quantity = faults.take("quantity", Quantity::parse(quantity));
    let unit_price = unit_price.as_ref().map(|sent| amount(sent, currency));
    let unit_price = faults.take("unit_price", unit_price.transpose());
    let discount = faults.take("discount_ppm", Share::parse(*discount_ppm));
    let tax_rate = faults.take("tax_rate_ppm", Share::parse(*tax_rate_ppm));
    let parts = description.zip(product).zip(price.zip(quantity));
    let parts = parts.zip(unit_price).zip(discount.zip(tax_rate));
    faults.finish(parts.map(
        |((((description, product), (price, quantity)), unit_price), (discount, tax_rate))| {
            DraftLine {
                description,
                product,
                price,
                quantity,
                unit_price,
                discount,
                tax_rate,
            }
        },
    ))
}

/// What a quote says.
pub(in crate::grpc) fn content_to_proto(content: &Content) -> proto::QuoteContent {
    let code = content.currency.code();
    proto::QuoteContent {
        title: content.title.clone(),
        currency_code: code.to_owned(),
        rounding_policy: content.rounding.number(),
        tax_treatment: content.tax.number(),
        discount_ppm: content.discount.ppm(),
        lines: content
            .lines
            .iter()
            .map(|line| line_to_proto(line, code))
            .collect(),
        expire_time: content.expire.map(Into::into),
        terms: text(content.terms.clone()),
    }
}

fn line_to_proto(line: &Line, code: &str) -> proto::QuoteLine {
    let listing = line.listing;
    let product = line.product.map(|id| PRODUCT.format(&[id]));
    let price = listing.map(|it| PRICE.format(&it.price));
    proto::QuoteLine {
        description: line.description.clone(),
        product: text(product),
        price_book_entry: text(price),
        quantity: line.quantity.to_string(),
        unit_price: to_money(line.unit_price, code),
        discount_ppm: line.discount.ppm(),
        tax_rate_ppm: line.tax_rate.ppm(),
        list_price: listing.and_then(|it| to_money(it.list_price, code)),
        unit_cost: listing.and_then(|it| to_money(it.unit_cost?, code)),
        floor_margin_ppm: listing.map_or(0, |it| it.floor_margin.ppm()),
        net_amount: to_money(line.amounts.net, code),
        tax_amount: to_money(line.amounts.tax, code),
        gross_amount: to_money(line.amounts.gross(), code),
    }
}

/// What lines come to.
pub(in crate::grpc) fn totals(amounts: Amounts, code: &str) -> proto::QuoteTotals {
    proto::QuoteTotals {
        net_amount: to_money(amounts.net, code),
        tax_amount: to_money(amounts.tax, code),
        gross_amount: to_money(amounts.gross(), code),
    }
}

/// The quote in a row, with what it says if that is told.
pub(in crate::grpc) fn to_proto(
    row: Model,
    content: Option<proto::QuoteContent>,
    now: Timestamp,
) -> Result<proto::Quote, Error> {
    let hash = quote::hash(&row.content_hash)?;
    let approved = row.approved_hash.as_deref().map(quote::hash).transpose()?;
    let binding = is_binding(quote::state(&row)?, (hash, approved), row.expire_time, now);
    let Model {
        tenant_id: _,
        quote_id,
        customer_id,
        customer: original_customer,
        opportunity_id,
        title,
        currency,
        net,
        tax,
        revision,
        content_hash: _,
        approved_hash: _,
        approved_revision: _,
        expire_time: _,
        state,
        owner,
        submitter,
        submit_time,
        submission: _,
        policy_version,
        pending_level,
        asked_level,
        escalate_time,
        send_channel,
        send_time,
        send_proposal_id,
        send_hash,
        reject_reason,
        successor_id,
        version,
        create_time,
        update_time,
    } = row;
    // An order has the id of its quote.
    let order = match state == QuoteState::Accepted.code() {
        true => ORDER.format(&[quote_id]),
        false => String::new(),
    };
    let send_hash = send_hash.as_deref().map(quote::hash).transpose()?;
    Ok(proto::Quote {
        name: QUOTE.format(&[quote_id]),
        customer: resource::customer(customer_id),
        original_customer,
        opportunity: text(opportunity_id.map(|id| OPPORTUNITY.format(&[id]))),
        content,
        title,
        revision,
        content_hash: hash.to_string(),
        state: i32::from(state),
        binding,
        totals: Some(totals(Amounts { net, tax }, &currency)),
        owner,
        submitter: text(submitter),
        policy_version,
        pending_level: pending_level.map_or(0, i32::from),
        asked_level: asked_level.map_or(0, i32::from),
        escalate_time: escalate_time.map(Into::into),
        send_channel: send_channel.map_or(0, i32::from),
        send_time: send_time.map(Into::into),
        send_proposal: text(send_proposal_id.map(|id| PROPOSAL.format(&[quote_id, id]))),
        send_hash: text(send_hash.map(|it| it.to_string())),
        reject_reason: text(reject_reason),
        successor: text(successor_id.map(|id| QUOTE.format(&[id]))),
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        submit_time: submit_time.map(Into::into),
        order,
        etag: Etag::of(version),
    })
}
