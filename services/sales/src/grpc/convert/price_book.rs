//! Price books and their prices.

use std::collections::BTreeSet;

use iso_currency::Currency;
use rapport_platform::etag::Etag;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::Money;
use rapport_proto::google::r#type::Money as MoneyProto;
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::{instant, to_money};
use crate::domain::price::{Asked, Entry, PriceBook, PriceBookParts, TaxTreatment, Tier};
use crate::domain::price::{currency, unit_amount};
use crate::domain::quantity::Quantity;
use crate::domain::share::Share;
use crate::error::Error;
use crate::resource::{self, PRICE, PRICE_BOOK, PRODUCT};
use crate::store::entity::{price_book, price_book_entry};
use crate::store::{price, price_book as books};

/// What callers may name in an update. That currency and tax treatment stay is checked.
pub(in crate::grpc) const UPDATABLE: [&str; 7] = [
    "display_name",
    "currency_code",
    "tax_treatment",
    "valid_from_time",
    "valid_to_time",
    "segments",
    "priority",
];

/// The price book in a message.
pub(in crate::grpc) fn parse(book: &proto::PriceBook) -> Result<PriceBook, InvalidFields> {
    let proto::PriceBook {
        name: _,
        display_name,
        currency_code,
        tax_treatment,
        valid_from_time,
        valid_to_time,
        segments,
        priority,
        create_time: _,
        update_time: _,
        etag: _,
    } = book;
    let mut faults = InvalidFields::default();
    let from = faults.take("valid_from_time", instant(valid_from_time.as_ref()));
    let to = faults.take("valid_to_time", instant(valid_to_time.as_ref()));
    let parts = PriceBookParts {
        display_name,
        currency_code,
        tax_treatment: *tax_treatment,
        period: (from.flatten(), to.flatten()),
        segments,
        priority: *priority,
    };
    let book = faults.take("", PriceBook::parse(&parts));
    faults.finish(book)
}

/// The price book in a row.
pub(in crate::grpc) fn to_proto(row: price_book::Model) -> Result<proto::PriceBook, Error> {
    let segments = books::from_row(&row)?.segments;
    let price_book::Model {
        tenant_id: _,
        price_book_id,
        display_name,
        currency,
        tax_treatment,
        valid_from_time,
        valid_to_time,
        segments: _,
        priority,
        version,
        create_time,
        update_time,
    } = row;
    Ok(proto::PriceBook {
        name: PRICE_BOOK.format(&[price_book_id]),
        display_name,
        currency_code: currency,
        tax_treatment: i32::from(tax_treatment),
        valid_from_time: valid_from_time.map(Into::into),
        valid_to_time: valid_to_time.map(Into::into),
        segments,
        priority,
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
    })
}

/// The prices in a request, each with its product.
pub(in crate::grpc) fn entries(
    entries: &[proto::PriceBookEntry],
    currency: Currency,
) -> Result<Vec<(Uuid, Entry)>, InvalidFields> {
    let mut faults = InvalidFields::default();
    let mut products = BTreeSet::new();
    let parsed = entries.iter().enumerate().filter_map(|(index, sent)| {
        let parsed =
            entry(sent, currency).and_then(|(product, entry)| match products.insert(product) {
                true => Ok((product, entry)),
                false => Err(Invalid::new("has two prices in this request")
                    .within("product")
                    .into()),
            });
        faults.take(&format!("[{index}]"), parsed)
    });
    let parsed = parsed.collect();
    faults.finish(Some(parsed))
}

fn entry(
    entry: &proto::PriceBookEntry,
    currency: Currency,
) -> Result<(Uuid, Entry), InvalidFields> {
    let proto::PriceBookEntry {
        name: _,
        product,
        tiers,
        unit_cost,
        floor_margin_ppm,
        floor_price: _,
        update_time: _,
    } = entry;
    let mut faults = InvalidFields::default();
    let product = faults.take("product", resource::required(PRODUCT, product));
    let cost = unit_cost
        .as_ref()
        .map(|cost| amount(cost, currency))
        .transpose();
    let cost = faults.take("unit_cost", cost);
    let floor = faults.take("floor_margin_ppm", Share::parse(*floor_margin_ppm));
    let read = tiers
        .iter()
        .enumerate()
        .filter_map(|(index, sent)| faults.take(&format!("tiers[{index}]"), tier(sent, currency)));
    let tiers: Vec<Tier> = read.collect();
    let parts = product.zip(cost.zip(floor));
    let (product, (cost, floor)) = faults.finish(parts)?;
    Ok((product, Entry::new(tiers, cost, floor)?))
}

fn tier(tier: &proto::PriceTier, currency: Currency) -> Result<Tier, InvalidFields> {
    let proto::PriceTier {
        min_quantity,
        unit_price,
    } = tier;
    let mut faults = InvalidFields::default();
    let quantity = faults.take("min_quantity", Quantity::parse(min_quantity));
    let price = unit_price
        .as_ref()
        .ok_or_else(|| Invalid::new("is required"));
    let price = faults.take("unit_price", price.and_then(|sent| amount(sent, currency)));
    faults.finish(quantity.zip(price).map(|(min_quantity, unit_price)| Tier {
        min_quantity,
        unit_price,
    }))
}

/// The price or cost of one unit in a message, in minor units.
pub(in crate::grpc) fn amount(sent: &MoneyProto, currency: Currency) -> Result<i64, Invalid> {
    let money = Money::try_from(sent).map_err(|fault| Invalid::new(fault.to_string()))?;
    unit_amount(money, currency)
}

/// The price in a row, in its book's currency.
pub(in crate::grpc) fn entry_to_proto(
    row: price_book_entry::Model,
    currency: &str,
) -> Result<proto::PriceBookEntry, Error> {
    let entry = price::from_row(&row)?;
    let price_book_entry::Model {
        tenant_id: _,
        price_book_id,
        product_id,
        tiers: _,
        unit_cost,
        floor_margin,
        update_time,
    } = row;
    let tiers = entry.tiers().iter().map(|tier| proto::PriceTier {
        min_quantity: tier.min_quantity.to_string(),
        unit_price: to_money(tier.unit_price, currency),
    });
    Ok(proto::PriceBookEntry {
        name: PRICE.format(&[price_book_id, product_id]),
        product: PRODUCT.format(&[product_id]),
        tiers: tiers.collect(),
        unit_cost: unit_cost.and_then(|cost| to_money(cost, currency)),
        floor_margin_ppm: floor_margin,
        floor_price: entry
            .floor_price()
            .and_then(|floor| to_money(floor, currency)),
        update_time: Some(update_time.into()),
    })
}

/// What a look-up asks for, and the lines that ask.
pub(in crate::grpc) fn question(
    request: &proto::LookUpPricesRequest,
    now: rapport_platform::time::Timestamp,
) -> Result<(Asked, Vec<(Uuid, Quantity)>), InvalidFields> {
    let proto::LookUpPricesRequest {
        lines,
        currency_code,
        tax_treatment,
        segments,
        price_time,
    } = request;
    let mut faults = InvalidFields::default();
    let currency = faults.take("currency_code", currency(currency_code));
    let tax = faults.take("tax_treatment", TaxTreatment::try_from(*tax_treatment));
    let at = faults.take("price_time", instant(price_time.as_ref()));
    let read = lines.iter().enumerate().filter_map(|(index, line)| {
        let product = faults.take(
            &format!("lines[{index}].product"),
            resource::required(PRODUCT, &line.product),
        );
        let quantity = Quantity::parse(&line.quantity);
        let quantity = faults.take(&format!("lines[{index}].quantity"), quantity);
        product.zip(quantity)
    });
    let lines = read.collect();
    let asked = currency
        .zip(tax)
        .zip(at)
        .map(|((currency, tax), at)| Asked {
            currency,
            tax,
            segments: segments.clone(),
            at: at.unwrap_or(now),
        });
    faults.finish(asked.map(|asked| (asked, lines)))
}
