//! New entries of the ledger, as callers send them.

use std::time::Duration;

use rapport_platform::time::Timestamp;

use super::{ConsentEvent, ConsentScope, ConsentStatus, LegalBasis};
use crate::domain::channel::Purpose;
use crate::domain::contact::policy::{ContactPolicy, TopicId};
use crate::domain::contact::reach::choosable;
use crate::domain::invalid::{Invalid, InvalidFields};
use crate::domain::text;

/// How far the clock of a system that captures consents may be ahead of ours.
const CLOCK_SKEW: Duration = Duration::from_mins(5);
/// How long an opt-in may wait to be confirmed.
const CONFIRMABLE_FOR: Duration = Duration::from_hours(30 * 24);
/// Longest source, in characters.
const MAX_SOURCE: usize = 200;
/// Longest note, in characters.
const MAX_NOTE: usize = 2_000;
/// Length of a SHA-256.
const HASH_LENGTH: usize = 32;

/// What was sent about an entry; the scope is read already.
#[derive(Debug, Clone, Copy)]
pub struct ConsentParts<'a> {
    /// What it is about.
    pub scope: ConsentScope,
    /// The purpose; 0 for all that customers choose about.
    pub purpose: i32,
    /// The topic; empty for the whole purpose.
    pub topic: &'a str,
    /// Whether it permits.
    pub status: i32,
    /// The ground in law; 0 for the customer's consent.
    pub legal_basis: i32,
    /// Where it was given.
    pub source: &'a str,
    /// SHA-256 of what proves it; empty for nothing.
    pub evidence_hash: &'a [u8],
    /// For people.
    pub note: &'a str,
    /// When the customer gave it; none: now.
    pub capture_time: Option<Timestamp>,
    /// When the customer confirmed it once more.
    pub double_opt_in_time: Option<Timestamp>,
    /// First instant at which it counts; none: when it was given.
    pub effective_time: Option<Timestamp>,
    /// First instant at which it counts no more.
    pub expire_time: Option<Timestamp>,
}

/// An entry that may be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConsent {
    /// What it is about, for which purpose and topic.
    pub subject: Subject,
    /// Whether it permits.
    pub status: ConsentStatus,
    /// The ground in law.
    pub legal_basis: LegalBasis,
    /// Where it was given.
    pub source: String,
    /// SHA-256 of what proves it.
    pub evidence_hash: Option<Vec<u8>>,
    /// For people.
    pub note: Option<String>,
    /// Keyed hash of the address that it is about, once that is looked up.
    pub address_digest: Option<Vec<u8>>,
    /// When the customer gave it, and from when to when it counts.
    pub times: ConsentTimes,
}

/// What an entry speaks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// All channels, one, or one address.
    pub scope: ConsentScope,
    /// The purpose; none for all that customers choose about.
    pub purpose: Option<Purpose>,
    /// The topic; none for the whole purpose.
    pub topic: Option<TopicId>,
}

/// The instants of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsentTimes {
    /// When the customer gave it.
    pub capture: Timestamp,
    /// When the customer confirmed it once more.
    pub double_opt_in: Option<Timestamp>,
    /// First instant at which it counts.
    pub effective: Timestamp,
    /// First instant at which it counts no more.
    pub expire: Option<Timestamp>,
}

impl NewConsent {
    /// Reads an entry that is recorded at `now`.
    pub fn parse(parts: &ConsentParts<'_>, now: Timestamp) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let subject = faults.take("", subject(parts));
        let status = faults.take("status", ConsentStatus::try_from(parts.status));
        let legal_basis = faults.take("legal_basis", legal_basis(parts.legal_basis));
        let source = faults.take("source", text::line(parts.source, MAX_SOURCE));
        let evidence_hash = faults.take("evidence_hash", hash(parts.evidence_hash));
        let note = faults.take("note", text::optional_passage(parts.note, MAX_NOTE));
        let times = status.and_then(|status| faults.take("", times(parts, status, now)));
        let texts = source.zip(evidence_hash.zip(note));
        let complete = subject.zip(status.zip(legal_basis)).zip(texts.zip(times));
        faults.finish(
            complete.map(|((subject, (status, legal_basis)), (texts, times))| {
                let (source, (evidence_hash, note)) = texts;
                Self {
                    subject,
                    status,
                    legal_basis,
                    source,
                    evidence_hash,
                    note,
                    address_digest: None,
                    times,
                }
            }),
        )
    }

    /// Reads an opt-in that the customer is asked to confirm.
    pub fn parse_request(parts: &ConsentParts<'_>, now: Timestamp) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        if parts.double_opt_in_time.is_some() {
            let why = "must be unset: the customer is yet to confirm";
            faults.push("double_opt_in_time", Invalid::new(why));
        }
        let entry = faults.take("", Self::parse(parts, now));
        if entry
            .as_ref()
            .is_some_and(|it| it.status == ConsentStatus::OptOut)
        {
            let why = "must be OPT_IN: an opt-out needs no confirmation";
            faults.push("status", Invalid::new(why));
        }
        faults.finish(entry)
    }
}

/// Why an opt-in can no longer be confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unconfirmable {
    /// It waited too long.
    Stale,
    /// The customer opted out after it.
    OptedOut,
    /// Its term is over.
    Expired,
}

/// What a customer's confirmation of an opt-in leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirming<'a> {
    /// It was confirmed before, by this entry.
    Done(&'a ConsentEvent),
    /// It counts with these times.
    Now(ConsentTimes),
}

impl ConsentEvent {
    /// What it speaks about.
    pub fn subject(&self) -> Subject {
        Subject {
            scope: self.scope,
            purpose: self.purpose,
            topic: self.topic.clone(),
        }
    }

    /// What becomes of an opt-in that waits when the customer confirms it at `now`; `ledger` is
    /// everything that is recorded of the customer.
    ///
    /// A confirmation that is there stays the only one, so that a link that is clicked again
    /// after a later opt-out does not undo that.
    pub fn confirm<'a>(
        &self,
        ledger: &'a [ConsentEvent],
        now: Timestamp,
    ) -> Result<Confirming<'a>, Unconfirmable> {
        let later = || ledger.iter().filter(|it| it.record_time > self.record_time);
        let confirms = |it: &&ConsentEvent| {
            it.status == ConsentStatus::OptIn
                && it.confirmation == super::Confirmation::Given
                && it.same_subject(self)
        };
        if let Some(done) = later().filter(confirms).min_by_key(|it| it.record_time) {
            return Ok(Confirming::Done(done));
        }
        let withdraws = |it: &ConsentEvent| it.status == ConsentStatus::OptOut && it.meets(self);
        if later().any(withdraws) {
            return Err(Unconfirmable::OptedOut);
        }
        if now >= self.record_time.saturating_add(CONFIRMABLE_FOR) {
            return Err(Unconfirmable::Stale);
        }
        let effective = self.effective_time.max(now);
        if self.expire_time.is_some_and(|end| end <= effective) {
            return Err(Unconfirmable::Expired);
        }
        Ok(Confirming::Now(ConsentTimes {
            capture: now,
            double_opt_in: Some(now),
            effective,
            expire: self.expire_time,
        }))
    }

    /// Whether there may be a contact about which both speak. Which channels an address serves
    /// may change, so an address and a channel always meet.
    fn meets(&self, other: &Self) -> bool {
        let scopes = match (self.scope, other.scope) {
            (ConsentScope::Channel(one), ConsentScope::Channel(other)) => one == other,
            (ConsentScope::ContactPoint(one), ConsentScope::ContactPoint(other)) => one == other,
            _ => true,
        };
        let either = |one: bool, other: bool, same: bool| one || other || same;
        scopes
            && either(
                self.purpose.is_none(),
                other.purpose.is_none(),
                self.purpose == other.purpose,
            )
            && either(
                self.topic.is_none(),
                other.topic.is_none(),
                self.topic == other.topic,
            )
    }
}

/// Refuses a topic that is not one of its purpose's.
pub fn known_topic(
    policy: &ContactPolicy,
    purpose: Option<Purpose>,
    topic: Option<&TopicId>,
) -> Result<(), Invalid> {
    let Some(id) = topic else {
        return Ok(());
    };
    match policy.topic(id) {
        Some(topic) if Some(topic.purpose()) == purpose => Ok(()),
        Some(_) => Err(Invalid::new("belongs to another purpose")),
        None => Err(Invalid::new("is none of the contact policy's topics")),
    }
}

fn subject(parts: &ConsentParts<'_>) -> Result<Subject, InvalidFields> {
    let mut faults = InvalidFields::default();
    let purpose = (parts.purpose != 0).then(|| choosable(parts.purpose));
    let purpose = faults.take("purpose", purpose.transpose());
    let topic = (!parts.topic.is_empty()).then(|| TopicId::parse(parts.topic));
    let topic = faults.take("topic", topic.transpose());
    if let (Some(None), Some(Some(_))) = (&purpose, &topic) {
        let why = "needs a purpose: set the one that the topic belongs to";
        faults.push("topic", Invalid::new(why));
    }
    let complete = purpose.zip(topic);
    faults.finish(complete.map(|(purpose, topic)| Subject {
        scope: parts.scope,
        purpose,
        topic,
    }))
}

fn legal_basis(number: i32) -> Result<LegalBasis, Invalid> {
    match number {
        0 => Ok(LegalBasis::Consent),
        number => LegalBasis::try_from(number),
    }
}

fn hash(sent: &[u8]) -> Result<Option<Vec<u8>>, Invalid> {
    match sent.len() {
        0 => Ok(None),
        HASH_LENGTH => Ok(Some(sent.to_vec())),
        _ => Err(Invalid::new("is no SHA-256: send its 32 bytes")),
    }
}

fn times(
    parts: &ConsentParts<'_>,
    status: ConsentStatus,
    now: Timestamp,
) -> Result<ConsentTimes, InvalidFields> {
    let mut faults = InvalidFields::default();
    let latest = now.saturating_add(CLOCK_SKEW);
    let ahead = || Invalid::new("is more than 5 minutes ahead");
    let capture = parts.capture_time.unwrap_or(now);
    let effective = parts.effective_time.unwrap_or(capture);
    if capture > latest {
        faults.push("capture_time", ahead());
    }
    if let Some(confirmed) = parts.double_opt_in_time {
        if status == ConsentStatus::OptOut {
            let why = "is for opt-ins: an opt-out needs no confirmation";
            faults.push("double_opt_in_time", Invalid::new(why));
        } else if confirmed < capture {
            let why = "is before `capture_time`";
            faults.push("double_opt_in_time", Invalid::new(why));
        } else if confirmed > latest {
            faults.push("double_opt_in_time", ahead());
        }
    }
    match (status, parts.expire_time) {
        (ConsentStatus::OptOut, Some(_)) => {
            let why = "must be unset: an opt-out counts until the customer opts in again";
            faults.push("expire_time", Invalid::new(why));
        }
        (ConsentStatus::OptIn, Some(end)) if end <= effective => {
            let why = "must be after `effective_time`";
            faults.push("expire_time", Invalid::new(why));
        }
        _ => {}
    }
    if status == ConsentStatus::OptOut && effective > latest {
        let why = "can't be ahead: an opt-out counts from the moment it is known";
        faults.push("effective_time", Invalid::new(why));
    }
    faults.finish(Some(ConsentTimes {
        capture,
        double_opt_in: parts.double_opt_in_time,
        effective,
        expire: parts.expire_time,
    }))
}
