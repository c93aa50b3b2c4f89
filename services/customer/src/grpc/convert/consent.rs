//! Entries of the consent ledger.

use std::collections::HashMap;

use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::consent_event::Scope;

use rapport_platform::time::Timestamp;
use uuid::Uuid;

use super::{instant, part_of, text};
use crate::domain::channel::Channel;
use crate::domain::contact::consent::entry::{ConsentParts, NewConsent};
use crate::domain::contact::consent::state::KindVerdict;
use crate::domain::contact::consent::{ConsentScope, Ledger};
use crate::domain::invalid::{Invalid, InvalidFields};
use crate::error::{Error, unreadable};
use crate::resource::{CONSENT_EVENT, CONTACT_POINT};
use crate::store::contact::consent;
use crate::store::entity::consent_event::Model;

/// How an entry is read.
type Read = fn(&ConsentParts<'_>, Timestamp) -> Result<NewConsent, InvalidFields>;

/// Reads an entry for the ledger of `customer`.
pub(in crate::grpc) fn parse(
    customer: Uuid,
    sent: &proto::ConsentEvent,
    now: Timestamp,
) -> Result<NewConsent, InvalidFields> {
    read(NewConsent::parse, customer, sent, now)
}

/// Reads an opt-in of `customer` that is to be confirmed.
pub(in crate::grpc) fn parse_request(
    customer: Uuid,
    sent: &proto::ConsentEvent,
    now: Timestamp,
) -> Result<NewConsent, InvalidFields> {
    read(NewConsent::parse_request, customer, sent, now)
}

fn read(
    read: Read,
    customer: Uuid,
    sent: &proto::ConsentEvent,
    now: Timestamp,
) -> Result<NewConsent, InvalidFields> {
    let proto::ConsentEvent {
        name: _,
        scope,
        purpose,
        topic,
        status,
        legal_basis,
        source,
        evidence_hash,
        note,
        capture_time,
        double_opt_in_time,
        effective_time,
        expire_time,
        recorder: _,
        record_time: _,
    } = sent;
    let mut faults = InvalidFields::default();
    let scope = faults.take("", parse_scope(customer, scope.as_ref()));
    let capture = faults.take("capture_time", instant(capture_time.as_ref()));
    let confirmed = faults.take("double_opt_in_time", instant(double_opt_in_time.as_ref()));
    let effective = faults.take("effective_time", instant(effective_time.as_ref()));
    let expire = faults.take("expire_time", instant(expire_time.as_ref()));
    let parts = ConsentParts {
        scope: scope.unwrap_or(ConsentScope::All),
        purpose: *purpose,
        topic,
        status: *status,
        legal_basis: *legal_basis,
        source,
        evidence_hash,
        note,
        capture_time: capture.flatten(),
        double_opt_in_time: confirmed.flatten(),
        effective_time: effective.flatten(),
        expire_time: expire.flatten(),
    };
    let entry = faults.take("", read(&parts, now));
    faults.finish(entry)
}

fn parse_scope(customer: Uuid, sent: Option<&Scope>) -> Result<ConsentScope, Invalid> {
    match sent {
        None => Ok(ConsentScope::All),
        Some(Scope::Channel(number)) => Channel::try_from(*number)
            .map(ConsentScope::Channel)
            .map_err(|fault| fault.within("channel")),
        Some(Scope::ContactPoint(name)) => {
            let point = part_of(customer, CONTACT_POINT, name)
                .map_err(|fault| fault.within("contact_point"))?;
            let missing = || Invalid::new("is required").within("contact_point");
            point.map(ConsentScope::ContactPoint).ok_or_else(missing)
        }
    }
}

/// What the ledger says about every kind of contact, as callers read it.
pub(in crate::grpc) fn verdicts(
    ledger: &Ledger,
    verdicts: Vec<KindVerdict>,
) -> Vec<proto::ConsentVerdict> {
    let names: HashMap<Uuid, String> = ledger
        .events()
        .iter()
        .map(|it| (it.id, CONSENT_EVENT.format(&[it.member, it.id])))
        .collect();
    let verdict = |it: KindVerdict| proto::ConsentVerdict {
        purpose: it.purpose.number(),
        topic: it
            .topic
            .map(|id| id.as_str().to_owned())
            .unwrap_or_default(),
        channel: it.channel.number(),
        outcome: it.verdict.outcome.number(),
        consent_events: it
            .verdict
            .events
            .iter()
            .filter_map(|id| names.get(id).cloned())
            .collect(),
    };
    verdicts.into_iter().map(verdict).collect()
}

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
