//! Revisions of quotes, and what was decided about them.

use rapport_platform::money::Money;
use rapport_proto::rapport::sales::v1 as proto;

use super::quote::{content_to_proto, draft, totals};
use super::{text, to_money};
use crate::domain::authority::Level;
use crate::domain::quote::aggregates::Aggregates;
use crate::domain::quote::content::Content;
use crate::domain::quote::envelope::Promise;
use crate::domain::quote::hash::ContentHash;
use crate::error::{Error, unreadable};
use crate::resource::{self, AUTHORITY_GRANT};
use crate::store::entity::{quote_decision, quote_revision};
use crate::store::quote::{self, revision};

const READING: &str = "reading what a quote said";

/// What never changes of a revision.
pub(in crate::grpc) fn document(
    content: &Content,
    aggregates: &Aggregates,
    hash: ContentHash,
) -> proto::QuoteRevision {
    let code = content.currency.code();
    let taxes = content.taxes();
    let taxes = taxes.into_iter().map(|(rate, amounts)| proto::TaxSubtotal {
        tax_rate_ppm: rate.ppm(),
        net_amount: to_money(amounts.net, code),
        tax_amount: to_money(amounts.tax, code),
    });
    proto::QuoteRevision {
        content: Some(content_to_proto(content)),
        content_hash: hash.to_string(),
        totals: Some(totals(content.total(), code)),
        taxes: taxes.collect(),
        aggregates: Some(proto::QuoteAggregates {
            total: to_money(aggregates.total, code),
            discount_ppm: aggregates.discount,
            largest_line_discount_ppm: aggregates.line_discount,
            margin_ppm: aggregates.margin,
            lines_below_floor: aggregates.below_floor,
            unlisted_lines: aggregates.unlisted,
            discount_amount: to_money(aggregates.discount_amount, code),
        }),
        ..Default::default()
    }
}

/// What a revision promises, as far as it matters to those who approve.
pub(in crate::grpc) fn promise(document: &proto::QuoteRevision) -> Result<Promise, Error> {
    let content = document.content.as_ref();
    let content = content.ok_or("no content").map_err(unreadable(READING))?;
    let aggregates = document.aggregates.as_ref();
    let aggregates = aggregates
        .ok_or("no aggregates")
        .map_err(unreadable(READING))?;
    let total = aggregates.total.as_ref().ok_or("no total");
    let total = Money::try_from(total.map_err(unreadable(READING))?);
    let total = total.map_err(unreadable(READING))?;
    let given = aggregates.discount_amount.as_ref().ok_or("no discount");
    let given = Money::try_from(given.map_err(unreadable(READING))?);
    let given = given.map_err(unreadable(READING))?;
    let draft = draft(content).map_err(unreadable(READING))?;
    Ok(Promise {
        aggregates: Aggregates {
            currency: total.currency(),
            total: total.minor(),
            discount: aggregates.discount_ppm,
            discount_amount: given.minor(),
            line_discount: aggregates.largest_line_discount_ppm,
            margin: aggregates.margin_ppm,
            below_floor: aggregates.lines_below_floor,
            unlisted: aggregates.unlisted_lines,
        },
        draft,
    })
}

/// The revision in a row, with what was decided about it.
pub(in crate::grpc) fn to_proto(
    row: &quote_revision::Model,
    decisions: Vec<quote_decision::Model>,
) -> Result<proto::QuoteRevision, Error> {
    let levels = revision::levels(row)?.into_iter().map(Level::code);
    let decisions = decisions.into_iter().map(decision_to_proto);
    Ok(proto::QuoteRevision {
        name: resource::quote_revision(row.quote_id, row.revision),
        author: row.author.clone(),
        needed_levels: levels.map(i32::from).collect(),
        policy_version: row.policy_version,
        approved_by_revision: row.approved_by.unwrap_or_default(),
        decisions: decisions.collect::<Result<_, _>>()?,
        create_time: Some(row.create_time.into()),
        ..revision::document(row)?
    })
}

/// The decision in a row.
pub(in crate::grpc) fn decision_to_proto(
    row: quote_decision::Model,
) -> Result<proto::QuoteDecision, Error> {
    let hash = quote::hash(&row.content_hash)?;
    let quote_decision::Model {
        tenant_id: _,
        quote_id: _,
        revision: _,
        decision_id: _,
        submission: _,
        level,
        outcome,
        approver,
        on_behalf_of,
        grant_id,
        content_hash: _,
        comment,
        decide_time,
    } = row;
    Ok(proto::QuoteDecision {
        level: i32::from(level),
        outcome: i32::from(outcome),
        approver,
        on_behalf_of: text(on_behalf_of),
        authority_grant: AUTHORITY_GRANT.format(&[grant_id]),
        content_hash: hash.to_string(),
        comment: text(comment),
        decide_time: Some(decide_time.into()),
    })
}
