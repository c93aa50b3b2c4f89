//! Entries of the consent ledger.

use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::consent_event::Scope;

use super::text;
use crate::domain::contact::consent::ConsentScope;
use crate::error::{Error, unreadable};
use crate::resource::{CONSENT_EVENT, CONTACT_POINT};
use crate::store::contact::consent;
use crate::store::entity::consent_event::Model;

/// An entry as callers read it.
pub(in crate::grpc) fn to_proto(row: Model) -> Result<proto::ConsentEvent, Error> {
    let scope = consent::scope(&row).map_err(unreadable("reading a consent event"))?;
    let scope = match scope {
        ConsentScope::All => None,
        ConsentScope::Channel(channel) => Some(Scope::Channel(channel.number())),
        ConsentScope::ContactPoint(point) => Some(Scope::ContactPoint(
            CONTACT_POINT.format(&[row.customer_id, point]),
        )),
    };
    Ok(proto::ConsentEvent {
        name: CONSENT_EVENT.format(&[row.customer_id, row.consent_event_id]),
        scope,
        purpose: row.purpose.map_or(0, i32::from),
        topic: text(row.topic),
        status: i32::from(row.status),
        legal_basis: i32::from(row.legal_basis),
        source: row.source,
        evidence_hash: row.evidence_hash.unwrap_or_default(),
        note: text(row.note),
        capture_time: Some(row.capture_time.into()),
        double_opt_in_time: row.double_opt_in_time.map(Into::into),
        effective_time: Some(row.effective_time.into()),
        expire_time: row.expire_time.map(Into::into),
        recorder: row.recorder,
        record_time: Some(row.record_time.into()),
    })
}
