//! What somebody asks for, read from requests.

use std::time::Duration;

use rapport_platform::problem::FieldViolation;
use rapport_proto::rapport::customer::v1 as proto;
use uuid::Uuid;

use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::decision::Contact;
use crate::domain::contact::policy::{ContactPolicy, TopicId};
use crate::domain::invalid::{Invalid, InvalidFields};
use crate::error::{Error, faults_of};
use crate::grpc::convert::contact_point_id;
use crate::grpc::convert::contact_times::duration;
use crate::resource::CUSTOMER;

/// Shortest and longest time that a permit may wait.
const TTLS: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_hours(7 * 24);

/// A contact with one customer.
pub(super) struct Asked {
    pub(super) customer: Uuid,
    pub(super) contact: Contact,
}

/// Reads a contact that stands in `field` of the request; none: the request is it.
pub(super) fn contact(field: &str, sent: &proto::CheckContactRequest) -> Result<Asked, Error> {
    let proto::CheckContactRequest {
        customer,
        channel,
        purpose,
        topic,
        campaign,
        contact_point,
    } = sent;
    let path = match field {
        "" => "customer".to_owned(),
        field => format!("{field}.customer"),
    };
    let [customer] = CUSTOMER.parse(&path, customer)?;
    let mut faults = InvalidFields::default();
    let kind = faults.take("", kind(*channel, *purpose, topic, campaign));
    let point = faults.take("contact_point", contact_point_id(contact_point));
    let contact = faults.finish(kind.zip(point).map(|(kind, contact_point)| Contact {
        contact_point,
        ..kind
    }));
    let contact = contact.map_err(faults_of(field))?;
    Ok(Asked { customer, contact })
}

/// Reads what is the same for every customer.
pub(in crate::grpc) fn kind(
    channel: i32,
    purpose: i32,
    topic: &str,
    campaign: &str,
) -> Result<Contact, InvalidFields> {
    let mut faults = InvalidFields::default();
    let channel = faults.take("channel", Channel::try_from(channel));
    let purpose = faults.take("purpose", Purpose::try_from(purpose));
    let topic = (!topic.is_empty()).then(|| TopicId::parse(topic));
    let topic = faults.take("topic", topic.transpose());
    let campaign = faults.take("campaign", self::campaign(campaign));
    let complete = channel.zip(purpose).zip(topic.zip(campaign));
    faults.finish(
        complete.map(|((channel, purpose), (topic, campaign))| Contact {
            channel,
            purpose,
            topic,
            campaign,
            contact_point: None,
        }),
    )
}

/// Reads how long a permit waits; `none` when the request does not say.
pub(super) fn ttl(sent: Option<&prost_types::Duration>) -> Result<Option<Duration>, Error> {
    let Some(sent) = sent else {
        return Ok(None);
    };
    let ttl = duration(sent).ok().filter(|ttl| TTLS.contains(ttl));
    let ttl = ttl.ok_or_else(|| {
        FieldViolation::new("ttl", "is out of range: wait from 1 second to 7 days")
    })?;
    Ok(Some(ttl))
}

/// Reads a request id.
pub(super) fn request_id(sent: &str) -> Result<Option<Uuid>, Error> {
    if sent.is_empty() {
        return Ok(None);
    }
    let id = Uuid::try_parse(sent);
    Ok(Some(id.map_err(|_| {
        Error::invalid("request_id", "must be a UUID")
    })?))
}

/// Refuses a topic that is not one of its purpose's; `field` is what the request calls it.
pub(super) fn known_topic(
    policy: &ContactPolicy,
    contact: &Contact,
    field: &str,
) -> Result<(), Error> {
    let Some(id) = &contact.topic else {
        return Ok(());
    };
    match policy.topic(id) {
        Some(topic) if topic.purpose() == contact.purpose => Ok(()),
        Some(_) => Err(Error::invalid(field, "belongs to another purpose")),
        None => Err(Error::invalid(
            field,
            "is none of the contact policy's topics",
        )),
    }
}

fn campaign(name: &str) -> Result<Option<String>, Invalid> {
    let mut segments = name.split('/');
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-');
    match (segments.next(), segments.next(), segments.next()) {
        _ if name.is_empty() => Ok(None),
        (Some(collection), Some(id), None)
            if name.len() <= 100
                && collection.starts_with(|it: char| it.is_ascii_lowercase())
                && collection.chars().all(|it| it.is_ascii_alphanumeric())
                && !id.is_empty()
                && id.chars().all(plain) =>
        {
            Ok(Some(name.to_owned()))
        }
        _ => Err(Invalid::new(
            "must be a resource name such as `campaigns/{uuid}`",
        )),
    }
}
