//! Who may do what, and who acts for whom.

use iso_currency::Currency;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::Money;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;

use super::{instant, to_money};
use crate::domain::authority::{Delegation, Grant, GrantParts};
use crate::domain::price::currency;
use crate::resource::{AUTHORITY_DELEGATION, AUTHORITY_GRANT};
use crate::store::authority::Holding;
use crate::store::entity::{authority_delegation, authority_grant};

/// The grant in a message; it holds from `now` on when the message does not say.
pub(in crate::grpc) fn grant(
    grant: &proto::AuthorityGrant,
    now: Timestamp,
) -> Result<Grant, InvalidFields> {
    let proto::AuthorityGrant {
        name: _,
        grantee,
        action,
        level,
        max_discount_ppm,
        max_total,
        min_margin_ppm,
        covers_unlisted_lines,
        covers_lines_below_floor,
        valid_from_time,
        valid_to_time,
        granter: _,
        create_time: _,
        revoke_time: _,
    } = grant;
    let mut faults = InvalidFields::default();
    let total = faults.take("max_total", max_total.as_ref().map(payable).transpose());
    let from = faults.take("valid_from_time", instant(valid_from_time.as_ref()));
    let to = faults.take("valid_to_time", instant(valid_to_time.as_ref()));
    let parts = GrantParts {
        grantee,
        action: *action,
        level: *level,
        max_discount_ppm: *max_discount_ppm,
        max_total: total.flatten(),
        min_margin_ppm: *min_margin_ppm,
        covers: (*covers_unlisted_lines, *covers_lines_below_floor),
        period: (from.flatten().unwrap_or(now), to.flatten()),
    };
    let grant = faults.take("", Grant::parse(&parts));
    faults.finish(grant)
}

/// An amount in a currency that can be paid in.
pub(in crate::grpc) fn payable(
    sent: &rapport_proto::google::r#type::Money,
) -> Result<Money, Invalid> {
    let _: Currency = currency(&sent.currency_code)?;
    Money::try_from(sent).map_err(|fault| Invalid::new(fault.to_string()))
}

/// The grant in a row.
pub(in crate::grpc) fn grant_to_proto(row: authority_grant::Model) -> proto::AuthorityGrant {
    let authority_grant::Model {
        tenant_id: _,
        grant_id,
        grantee,
        action,
        level,
        max_discount,
        currency,
        max_total,
        min_margin,
        covers_unlisted,
        covers_below_floor,
        valid_from_time,
        valid_to_time,
        granter,
        create_time,
        revoke_time,
    } = row;
    let total = max_total.zip(currency);
    proto::AuthorityGrant {
        name: AUTHORITY_GRANT.format(&[grant_id]),
        grantee,
        action: i32::from(action),
        level: i32::from(level),
        max_discount_ppm: max_discount,
        max_total: total.and_then(|(minor, currency)| to_money(minor, &currency)),
        min_margin_ppm: min_margin,
        covers_unlisted_lines: covers_unlisted,
        covers_lines_below_floor: covers_below_floor,
        valid_from_time: Some(valid_from_time.into()),
        valid_to_time: valid_to_time.map(Into::into),
        granter,
        create_time: Some(create_time.into()),
        revoke_time: revoke_time.map(Into::into),
    }
}

/// Between whom, and the period, of a delegation in a message.
pub(in crate::grpc) fn delegation(
    people: (&str, &str),
    from: Option<&prost_types::Timestamp>,
    to: Option<&prost_types::Timestamp>,
    now: Timestamp,
) -> Result<Delegation, InvalidFields> {
    let mut faults = InvalidFields::default();
    let from = faults.take("valid_from_time", instant(from));
    let to = instant(to).and_then(|it| it.ok_or_else(|| Invalid::new("is required")));
    let to = faults.take("valid_to_time", to);
    let period = from.zip(to);
    let (from, to) = faults.finish(period)?;
    Delegation::parse(people, (from.unwrap_or(now), to))
}

/// The delegation in a row.
pub(in crate::grpc) fn delegation_to_proto(
    row: authority_delegation::Model,
) -> proto::AuthorityDelegation {
    let authority_delegation::Model {
        tenant_id: _,
        delegation_id,
        delegator,
        delegate,
        valid_from_time,
        valid_to_time,
        creator,
        create_time,
        revoke_time,
    } = row;
    proto::AuthorityDelegation {
        name: AUTHORITY_DELEGATION.format(&[delegation_id]),
        delegator,
        delegate,
        valid_from_time: Some(valid_from_time.into()),
        valid_to_time: Some(valid_to_time.into()),
        creator,
        create_time: Some(create_time.into()),
        revoke_time: revoke_time.map(Into::into),
    }
}

/// Authority that somebody holds.
pub(in crate::grpc) fn held_to_proto(holding: Holding) -> proto::HeldAuthority {
    proto::HeldAuthority {
        authority_grant: Some(grant_to_proto(holding.grant)),
        authority_delegation: holding.delegation.map(delegation_to_proto),
    }
}
