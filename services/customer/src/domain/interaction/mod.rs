//! The contact repository's rules: what may be recorded about a contact. Once recorded it is never
//! edited, so there is nothing here that changes one.

use std::time::Duration;

use rapport_platform::time::Timestamp;
use uuid::Uuid;

use super::channel::{Channel, Purpose};
use super::external_id::ExternalId;
use super::invalid::{Invalid, InvalidFields};
use super::text;
use rapport_platform::link::Link;
use rapport_platform::numbered;

/// How far ahead of ours a caller's clock may run.
pub const CLOCK_SKEW: Duration = Duration::from_mins(5);
/// Longest summary, in characters.
const MAX_SUMMARY: usize = 2_000;
/// Longest body, in bytes.
const MAX_BODY: usize = 64 * 1024;
/// Longest contact.
const MAX_DURATION: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Longest collection in an agent's name.
const MAX_AGENT_COLLECTION: usize = 31;
/// Longest id in an agent's name.
const MAX_AGENT_ID: usize = 64;

numbered! {
    /// Who turned to whom.
    pub enum Direction as "direction" {
        /// The customer turned to the company.
        Inbound = 1 "INBOUND",
        /// The company turned to the customer.
        Outbound = 2 "OUTBOUND",
    }
}

numbered! {
    /// How an interaction ended.
    pub enum Outcome as "outcome" {
        /// Handed over for delivery; whether it arrived is not yet known.
        Queued = 1 "QUEUED",
        /// The customer was reached.
        Reached = 2 "REACHED",
        /// Nobody answered.
        NoAnswer = 3 "NO_ANSWER",
        /// A message was left.
        MessageLeft = 4 "MESSAGE_LEFT",
        /// What it was about is settled.
        Resolved = 5 "RESOLVED",
        /// Somebody has to come back to the customer.
        FollowUp = 6 "FOLLOW_UP",
        /// The customer accepted what was proposed.
        Accepted = 7 "ACCEPTED",
        /// The customer declined what was proposed.
        Declined = 8 "DECLINED",
    }
}

/// A contact to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInteraction {
    channel: Channel,
    reason: Reason,
    conversation: Option<Uuid>,
    agent: String,
    contact_point: Option<Uuid>,
    summary: String,
    body: Option<String>,
    outcome: Option<Outcome>,
    occur_time: Timestamp,
    duration: Option<Duration>,
    links: Vec<Link>,
    external_id: Option<ExternalId>,
}

/// Who turned to whom; only the company has a purpose that we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Inbound,
    Outbound(Option<Purpose>),
}

/// A contact as it was sent. Numbers are those of the protos, 0 for unset.
#[derive(Debug, Clone, Default)]
pub struct InteractionParts<'a> {
    /// Number of the [`Channel`].
    pub channel: i32,
    /// Number of the [`Direction`].
    pub direction: i32,
    /// Number of the [`Purpose`].
    pub purpose: i32,
    /// The conversation it belongs to.
    pub conversation: Option<Uuid>,
    /// Who dealt with the customer; empty: the caller.
    pub agent: &'a str,
    /// The address used.
    pub contact_point: Option<Uuid>,
    /// What it was about.
    pub summary: &'a str,
    /// Its full text.
    pub body: &'a str,
    /// Number of the [`Outcome`].
    pub outcome: i32,
    /// When it took place; unset: now.
    pub occur_time: Option<Timestamp>,
    /// How long it lasted, in seconds and nanoseconds.
    pub duration: Option<(i64, i32)>,
    /// Names of the resources that it concerns.
    pub links: Vec<&'a str>,
    /// System and id under which another system knows it.
    pub external_id: Option<(&'a str, &'a str)>,
}

/// A message to hand over for delivery, as it was sent.
#[derive(Debug, Clone, Default)]
pub struct MessageParts<'a> {
    /// Number of the [`Channel`].
    pub channel: i32,
    /// Number of the [`Purpose`]; required.
    pub purpose: i32,
    /// The conversation it continues.
    pub conversation: Option<Uuid>,
    /// The address to use.
    pub contact_point: Option<Uuid>,
    /// Subject line, or what the call is about.
    pub subject: &'a str,
    /// The message.
    pub body: &'a str,
    /// Names of the resources that it concerns.
    pub links: Vec<&'a str>,
}

impl NewInteraction {
    /// Reads a contact that `caller` records at `now`.
    pub fn parse(
        parts: &InteractionParts<'_>,
        caller: &str,
        now: Timestamp,
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let channel = faults.take("channel", Channel::try_from(parts.channel));
        let reason = faults.take("", Reason::parse(parts.direction, parts.purpose));
        let agent = faults.take("agent", agent(parts.agent, caller));
        let summary = faults.take("summary", text::passage(parts.summary, MAX_SUMMARY));
        let body = faults.take("body", body(parts.body));
        let outcome = faults.take("outcome", optional(parts.outcome));
        let occur_time = faults.take("occur_time", occur_time(parts.occur_time, now));
        let duration = faults.take("duration", duration(parts.duration));
        let links = faults.take("links", Link::parse_all(&parts.links));
        let external_id = parts
            .external_id
            .map(|(system, id)| ExternalId::parse(system, id));
        let external_id = faults.take("external_id", external_id.transpose());
        let interaction = (|| {
            Some(Self {
                channel: channel?,
                reason: reason?,
                conversation: parts.conversation,
                agent: agent?,
                contact_point: parts.contact_point,
                summary: summary?,
                body: body?,
                outcome: outcome?,
                occur_time: occur_time?,
                duration: duration?,
                links: links?,
                external_id: external_id?,
            })
        })();
        faults.finish(interaction)
    }

    /// Reads a message that `caller` hands over for delivery at `now`: an outbound contact whose
    /// outcome is not known yet.
    pub fn message(
        parts: &MessageParts<'_>,
        caller: &str,
        now: Timestamp,
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let channel = faults.take("channel", Channel::try_from(parts.channel));
        let purpose = faults.take("purpose", Purpose::try_from(parts.purpose));
        let summary = faults.take("subject", text::passage(parts.subject, MAX_SUMMARY));
        let body = faults.take("body", body(parts.body));
        let links = faults.take("links", Link::parse_all(&parts.links));
        let interaction = (|| {
            Some(Self {
                channel: channel?,
                reason: Reason::Outbound(Some(purpose?)),
                conversation: parts.conversation,
                agent: caller.to_owned(),
                contact_point: parts.contact_point,
                summary: summary?,
                body: body?,
                outcome: Some(Outcome::Queued),
                occur_time: now,
                duration: None,
                links: links?,
                external_id: None,
            })
        })();
        faults.finish(interaction)
    }

    /// The same contact on this address of the customer.
    #[must_use]
    pub fn by_way_of(mut self, contact_point: Uuid) -> Self {
        self.contact_point = Some(contact_point);
        self
    }

    /// The channel it took place on.
    pub const fn channel(&self) -> Channel {
        self.channel
    }

    /// Who turned to whom.
    pub const fn direction(&self) -> Direction {
        match self.reason {
            Reason::Inbound => Direction::Inbound,
            Reason::Outbound(_) => Direction::Outbound,
        }
    }

    /// Why the company contacted the customer; never set for an inbound contact.
    pub const fn purpose(&self) -> Option<Purpose> {
        match self.reason {
            Reason::Inbound => None,
            Reason::Outbound(purpose) => purpose,
        }
    }

    /// The conversation it belongs to, if any.
    pub const fn conversation(&self) -> Option<Uuid> {
        self.conversation
    }

    /// Who dealt with the customer.
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// The address used, if known.
    pub const fn contact_point(&self) -> Option<Uuid> {
        self.contact_point
    }

    /// What it was about.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// Its full text, if there is one.
    pub fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }

    /// How it ended, if known.
    pub const fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// When it took place.
    pub const fn occur_time(&self) -> Timestamp {
        self.occur_time
    }

    /// How long it lasted, in whole seconds, if that has a meaning.
    pub const fn duration(&self) -> Option<Duration> {
        self.duration
    }

    /// The resources that it concerns, at most 20.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// How another system knows it.
    pub const fn external_id(&self) -> Option<&ExternalId> {
        self.external_id.as_ref()
    }
}

impl Reason {
    fn parse(direction: i32, purpose: i32) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let direction = faults.take("direction", Direction::try_from(direction));
        let purpose = faults.take("purpose", optional::<Purpose>(purpose));
        if direction == Some(Direction::Inbound) && purpose.flatten().is_some() {
            faults.push(
                "purpose",
                Invalid::new("can't be set for INBOUND: it is the company's purpose, leave it out"),
            );
        }
        faults.finish(
            direction
                .zip(purpose)
                .map(|(direction, purpose)| match direction {
                    Direction::Inbound => Self::Inbound,
                    Direction::Outbound => Self::Outbound(purpose),
                }),
        )
    }
}

/// Checks when something took place: at most [`CLOCK_SKEW`] ahead; unset means now.
pub fn occur_time(given: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Invalid> {
    match given {
        None => Ok(now),
        Some(instant) if instant <= now.saturating_add(CLOCK_SKEW) => Ok(instant),
        Some(_) => Err(Invalid::new(
            "lies ahead: record what has taken place, and check the clock of the caller",
        )),
    }
}

fn optional<T: TryFrom<i32>>(number: i32) -> Result<Option<T>, T::Error> {
    match number {
        0 => Ok(None),
        number => T::try_from(number).map(Some),
    }
}

/// A collection and an id, such as `employees/7` or `systems/web-shop`.
fn agent(raw: &str, caller: &str) -> Result<String, Invalid> {
    if raw.is_empty() {
        return Ok(caller.to_owned());
    }
    let well_formed = raw.split_once('/').is_some_and(|(collection, id)| {
        let known = |it: u8| it.is_ascii_alphanumeric() || b"._@-".contains(&it);
        collection.starts_with(|it: char| it.is_ascii_lowercase())
            && collection.bytes().all(|it| it.is_ascii_alphabetic())
            && collection.len() <= MAX_AGENT_COLLECTION
            && (1..=MAX_AGENT_ID).contains(&id.len())
            && id.bytes().all(known)
    });
    if well_formed {
        Ok(raw.to_owned())
    } else {
        Err(Invalid::new(
            "is no name of an agent: write one such as employees/17, or leave it out",
        ))
    }
}

/// The full text as it was: it is evidence. Only NUL is refused, which databases cannot store.
fn body(raw: &str) -> Result<Option<String>, Invalid> {
    if raw.len() > MAX_BODY {
        Err(Invalid::new(
            "is too long: at most 65,536 bytes; keep the rest where it is and link it",
        ))
    } else if raw.contains('\0') {
        Err(Invalid::new("holds a NUL character: send text"))
    } else {
        Ok((!raw.is_empty()).then(|| raw.to_owned()))
    }
}

fn duration(given: Option<(i64, i32)>) -> Result<Option<Duration>, Invalid> {
    let Some((seconds, nanos)) = given else {
        return Ok(None);
    };
    u64::try_from(seconds)
        .ok()
        .map(Duration::from_secs)
        .filter(|span| *span <= MAX_DURATION && nanos == 0)
        .map(Some)
        .ok_or_else(|| Invalid::new("must be whole seconds, from none to 7 days"))
}

#[cfg(test)]
mod tests;
