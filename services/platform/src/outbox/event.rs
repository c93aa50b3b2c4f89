//! What is published: a fact and the circumstances under which it became true.

use prost::{Message, Name};
use prost_types::Any;
use rapport_proto::rapport::event::v1 as proto;
use uuid::Uuid;

use super::HandleError;
use crate::error::PlatformError;
use crate::id::new_id;
use crate::identity::{Actor, Context, TenantId};
use crate::telemetry::current_trace_parent;
use crate::time::Timestamp;

/// Protobuf's own domain for `Any`; readers go by what follows the slash.
const TYPE_URL_DOMAIN: &str = "type.googleapis.com/";

/// Dead-letter class of an event whose fact can't be read.
const UNREADABLE: &str = "EVENT_UNREADABLE";

/// A fact to be published, before it has an identity.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    kind: String,
    aggregate: String,
    version: i64,
    value: Vec<u8>,
}

impl NewEvent {
    /// The fact that `fact` became true of the resource `aggregate`, which has `version`
    /// since then.
    pub fn new<M: Message + Name>(aggregate: impl Into<String>, version: i64, fact: &M) -> Self {
        Self {
            kind: M::full_name(),
            aggregate: aggregate.into(),
            version,
            value: fact.encode_to_vec(),
        }
    }
}

/// A published fact; `rapport.event.v1.Event` on the wire and in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Identifies it for ever: a UUIDv7.
    pub id: Uuid,
    /// Whose fact.
    pub tenant: TenantId,
    /// The service that published it, such as `customer`.
    pub source: String,
    /// Full name of the message in `data`.
    pub kind: String,
    /// Name of the resource that it is about.
    pub aggregate: String,
    /// The resource's version since then: the order of its events.
    pub version: i64,
    /// When it became true.
    pub time: Timestamp,
    /// Who made it true.
    pub actor: Actor,
    /// W3C trace context of the call that caused it.
    pub trace_parent: Option<String>,
    /// The fact.
    pub data: Any,
}

impl Event {
    pub(super) fn new(ctx: &Context, event: &NewEvent) -> Self {
        Self {
            id: new_id(),
            tenant: ctx.tenant,
            source: area(&event.kind).to_owned(),
            kind: event.kind.clone(),
            aggregate: event.aggregate.clone(),
            version: event.version,
            time: ctx.now,
            actor: ctx.actor.clone(),
            trace_parent: current_trace_parent().or_else(|| ctx.trace_parent.clone()),
            data: Any {
                type_url: format!("{TYPE_URL_DOMAIN}{}", event.kind),
                value: event.value.clone(),
            },
        }
    }

    /// The fact as the message that it is.
    ///
    /// # Errors
    /// `Rejected` when it is another message or can't be decoded, which no repetition mends.
    pub fn fact<M: Message + Name + Default>(&self) -> Result<M, HandleError> {
        if self.kind != M::full_name() {
            return Err(HandleError::Rejected(UNREADABLE));
        }
        M::decode(self.data.value.as_slice()).map_err(|_| HandleError::Rejected(UNREADABLE))
    }

    /// The encoded envelope.
    pub fn encode(&self) -> Vec<u8> {
        let Self {
            id,
            tenant,
            source,
            kind,
            aggregate,
            version,
            time,
            actor,
            trace_parent,
            data,
        } = self.clone();
        proto::Event {
            id: id.to_string(),
            tenant: tenant.to_string(),
            source,
            r#type: kind,
            aggregate,
            version,
            time: Some(time.into()),
            actor: actor.to_string(),
            trace_parent: trace_parent.unwrap_or_default(),
            data: Some(data),
        }
        .encode_to_vec()
    }

    /// Reads an encoded envelope.
    ///
    /// # Errors
    /// `Internal` when it was not made by [`Event::encode`].
    pub fn decode(envelope: &[u8]) -> Result<Self, PlatformError> {
        const DURING: &str = "reading an event";
        let broken = |field: &'static str| PlatformError::internal(DURING, field);
        let envelope = proto::Event::decode(envelope)
            .map_err(|error| PlatformError::internal(DURING, error))?;
        let time = envelope
            .time
            .and_then(|time| Timestamp::try_from(time).ok());
        let trace_parent = envelope.trace_parent;
        Ok(Self {
            id: envelope.id.parse().map_err(|_| broken("id"))?,
            tenant: envelope
                .tenant
                .parse()
                .map(TenantId::new)
                .map_err(|_| broken("tenant"))?,
            source: envelope.source,
            kind: envelope.r#type,
            aggregate: envelope.aggregate,
            version: envelope.version,
            time: time.ok_or_else(|| broken("time"))?,
            actor: Actor::parse(&envelope.actor).map_err(|_| broken("actor"))?,
            trace_parent: Some(trace_parent).filter(|parent| !parent.is_empty()),
            data: envelope.data.ok_or_else(|| broken("data"))?,
        })
    }
}

/// `customer` of `rapport.customer.v1.CustomerCreated`: every service has its own package.
fn area(kind: &str) -> &str {
    kind.split('.').nth(1).unwrap_or(kind)
}
