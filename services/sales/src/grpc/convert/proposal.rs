//! Documents of quotes, and what they show.

use iso_currency::Currency;
use rapport_platform::money::Money;
use rapport_platform::time::Timestamp;
use rapport_proto::google::r#type as google;
use rapport_proto::rapport::customer::v1 as customers;
use rapport_proto::rapport::sales::v1 as proto;
use rust_decimal::Decimal;

use super::instant;
use crate::domain::proposal::facts::{CustomerFacts, Facts, LineFacts};
use crate::domain::share::WHOLE_PPM;
use crate::error::{Error, unreadable};
use crate::resource::{PROPOSAL, PROPOSAL_TEMPLATE};
use crate::store::entity::proposal::Model;
use crate::store::entity::quote_revision;
use crate::store::quote::{hash, revision};

const READING: &str = "reading what a quote said";

/// What documents show beside the quote itself.
pub(in crate::grpc) struct Around {
    /// The customer.
    pub(in crate::grpc) customer: CustomerFacts,
    /// What the seller is called.
    pub(in crate::grpc) seller: Option<String>,
    /// Whether the quote binds.
    pub(in crate::grpc) binding: bool,
}

/// What documents show of a revision.
pub(in crate::grpc) fn facts(row: &quote_revision::Model, around: Around) -> Result<Facts, Error> {
    let said = revision::document(row)?;
    let content = said
        .content
        .ok_or("no content")
        .map_err(unreadable(READING))?;
    let totals = said.totals.unwrap_or_default();
    let currency = Currency::from_code(&content.currency_code).ok_or("no currency");
    let whole = i64::from(content.discount_ppm);
    let lines = content.lines.iter().map(|it| line(it, whole));
    let taxes = said.taxes.iter();
    let taxes = taxes.map(|tax| Ok((tax.tax_rate_ppm, minor(tax.tax_amount.as_ref())?)));
    Ok(Facts {
        title: content.title,
        revision: row.revision,
        written: row.create_time,
        expire: expiry(content.expire_time)?,
        terms: Some(content.terms).filter(|terms| !terms.is_empty()),
        content_hash: said.content_hash,
        currency: currency.map_err(unreadable(READING))?,
        lines: lines.collect::<Result<_, _>>()?,
        taxes: taxes.collect::<Result<_, Error>>()?,
        net: minor(totals.net_amount.as_ref())?,
        tax: minor(totals.tax_amount.as_ref())?,
        gross: minor(totals.gross_amount.as_ref())?,
        customer: around.customer,
        seller: around.seller,
        binding: around.binding,
    })
}

fn expiry(proto: Option<prost_types::Timestamp>) -> Result<Option<Timestamp>, Error> {
    instant(proto.as_ref()).map_err(unreadable(READING))
}

fn line(line: &proto::QuoteLine, whole: i64) -> Result<LineFacts, Error> {
    let quantity = Decimal::from_str_exact(&line.quantity);
    Ok(LineFacts {
        description: line.description.clone(),
        quantity: quantity.map_err(unreadable(READING))?,
        unit_price: minor(line.unit_price.as_ref())?,
        discount_ppm: in_all(i64::from(line.discount_ppm), whole),
        tax_rate_ppm: i64::from(line.tax_rate_ppm),
        net: minor(line.net_amount.as_ref())?,
        gross: minor(line.gross_amount.as_ref())?,
    })
}

/// A discount on what another one leaves: both in all, to the nearest part per million.
fn in_all(own: i64, whole: i64) -> i64 {
    let all = i64::from(WHOLE_PPM);
    all - ((all - own) * (all - whole) + all / 2) / all
}

fn minor(proto: Option<&google::Money>) -> Result<i64, Error> {
    let money = proto.map(Money::try_from).transpose();
    let money = money.map_err(unreadable(READING))?;
    Ok(money.map_or(0, Money::minor))
}

/// What documents show of a customer.
pub(in crate::grpc) fn customer(customer: customers::Customer) -> CustomerFacts {
    let set = |text: String| Some(text).filter(|text| !text.is_empty());
    let person = match customer.profile {
        Some(customers::customer::Profile::Person(person)) => person,
        _ => customers::Person::default(),
    };
    CustomerFacts {
        display_name: customer.display_name,
        given_name: set(person.given_name),
        family_name: set(person.family_name),
        salutation: set(person.salutation),
        language_code: set(customer.language_code),
    }
}

/// The document in a row.
pub(in crate::grpc) fn to_proto(row: Model) -> Result<proto::Proposal, Error> {
    let Model {
        tenant_id: _,
        quote_id,
        proposal_id,
        revision,
        content_hash,
        draft,
        template_id,
        template_version,
        language,
        title,
        message,
        html_hash,
        html_size,
        pdf_hash,
        pdf_size,
        creator,
        create_time,
    } = row;
    Ok(proto::Proposal {
        name: PROPOSAL.format(&[quote_id, proposal_id]),
        quote_revision: revision,
        quote_content_hash: hash(&content_hash)?.to_string(),
        draft,
        proposal_template: PROPOSAL_TEMPLATE.format(&[template_id]),
        template_version,
        language_code: language,
        title,
        message,
        html_sha256: hash(&html_hash)?.to_string(),
        html_size_bytes: html_size,
        pdf_sha256: hash(&pdf_hash)?.to_string(),
        pdf_size_bytes: pdf_size,
        creator,
        create_time: Some(create_time.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::in_all;

    #[test]
    fn discounts_follow_one_another() {
        for (own, whole, together) in [
            (0, 0, 0),
            (50_000, 0, 50_000),
            (50_000, 50_000, 97_500),
            (1_000_000, 50_000, 1_000_000),
            (333_333, 1, 333_334),
        ] {
            assert_eq!(in_all(own, whole), together, "{own} {whole}");
        }
    }
}
