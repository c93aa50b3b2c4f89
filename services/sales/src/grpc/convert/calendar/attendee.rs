//! Who takes part in an event, and what they answered.

use std::collections::HashSet;

use prost::Message as _;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::calendar_attendee::Attendee as Named;
use uuid::Uuid;

use crate::domain::calendar::CalendarResponse;
use crate::domain::calendar::answers::{Answer, Answers};
use crate::error::{Error, unreadable};
use crate::resource::{self, CUSTOMER, SELLER};
use crate::store::calendar::window::Found;
use crate::store::entity::calendar_attendee;

/// Most who are invited to one event.
pub(in crate::grpc) const MOST_ATTENDEES: usize = 100;
const MAX_EMAIL: usize = 254;
const READING: &str = "reading a stored answer";

/// Who is invited.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::grpc) enum Who {
    Seller(Uuid),
    Customer(Uuid),
    Email(String),
}

/// Somebody who is invited.
#[derive(Clone, Debug)]
pub(in crate::grpc) struct Invited {
    pub(in crate::grpc) who: Who,
    pub(in crate::grpc) optional: bool,
    /// Where the message has it.
    pub(in crate::grpc) index: usize,
}

/// Whom a message invites, besides the organizer.
pub(super) fn attendees(
    sent: &proto::CalendarEvent,
    organizer: Option<Uuid>,
) -> Result<Vec<Invited>, InvalidFields> {
    if sent.attendees.len() > MOST_ATTENDEES {
        return Err(Invalid::new("are too many: invite at most 100").into());
    }
    let mut faults = InvalidFields::default();
    let mut seen: HashSet<Who> = organizer.map(Who::Seller).into_iter().collect();
    let mut invited = Vec::with_capacity(sent.attendees.len());
    for (index, it) in sent.attendees.iter().enumerate() {
        let who = who(it.attendee.as_ref());
        let who = who.and_then(|who| match seen.insert(who.clone()) {
            true => Ok(who),
            false => Err(Invalid::new("takes part already: leave it out")),
        });
        let who = faults.take(&format!("[{index}]"), who);
        let optional = it.optional;
        invited.extend(who.map(|who| Invited {
            who,
            optional,
            index,
        }));
    }
    faults.finish(Some(invited))
}

fn who(named: Option<&Named>) -> Result<Who, Invalid> {
    match named {
        None => Err(Invalid::new(
            "must name a seller, a customer or an e-mail address",
        )),
        Some(Named::Seller(name)) => resource::required(SELLER, name).map(Who::Seller),
        Some(Named::Customer(name)) => resource::required(CUSTOMER, name).map(Who::Customer),
        Some(Named::Email(email)) => address(email).map(Who::Email),
    }
}

/// An e-mail address, in the one form in which it is compared.
fn address(raw: &str) -> Result<String, Invalid> {
    let fault = || Invalid::new("is no e-mail address");
    let plain = |it: char| it.is_ascii_graphic() && !"<>\",;:\\()[]".contains(it);
    let (local, domain) = raw.split_once('@').ok_or_else(fault)?;
    let well_formed = !local.is_empty()
        && !domain.contains('@')
        && domain.split('.').all(|label| !label.is_empty())
        && raw.len() <= MAX_EMAIL
        && raw.chars().all(plain);
    match well_formed {
        true => Ok(raw.to_ascii_lowercase()),
        false => Err(fault()),
    }
}

/// Who answers an invitation, by the name that the request has.
pub(in crate::grpc) fn invitee(name: &str) -> Result<Who, Invalid> {
    let seller = || SELLER.ids(name).map(|[id]| Who::Seller(id));
    let customer = || CUSTOMER.ids(name).map(|[id]| Who::Customer(id));
    match seller().or_else(customer) {
        Some(who) => Ok(who),
        None => address(name).map(Who::Email),
    }
}

/// Who somebody is who takes part; none when it is a customer who was erased.
pub(in crate::grpc) fn of_row(row: &calendar_attendee::Model) -> Option<Who> {
    let email = || row.email.clone().map(Who::Email);
    let customer = || row.customer_id.map(Who::Customer);
    row.seller_id
        .map(Who::Seller)
        .or_else(customer)
        .or_else(email)
}

/// Somebody who takes part, on the wire.
pub(in crate::grpc) fn attendee_to_proto(
    row: &calendar_attendee::Model,
) -> Result<proto::CalendarAttendee, Error> {
    let named = of_row(row).map(|who| match who {
        Who::Seller(id) => Named::Seller(resource::seller(id)),
        Who::Customer(id) => Named::Customer(resource::customer(id)),
        Who::Email(email) => Named::Email(email),
    });
    Ok(proto::CalendarAttendee {
        attendee: named,
        optional: row.optional,
        response: i32::from(row.response),
        respond_time: row.respond_time.map(Into::into),
        instance_responses: single(row.instance_responses.as_deref())?,
    })
}

fn single(kept: Option<&[u8]>) -> Result<Vec<proto::CalendarInstanceResponse>, Error> {
    let kept = kept.map(proto::CalendarAttendee::decode).transpose();
    let kept = kept.map_err(unreadable(READING))?;
    Ok(kept.map_or_else(Vec::new, |it| it.instance_responses))
}

/// What somebody who takes part answered.
pub(in crate::grpc) fn answers(row: &calendar_attendee::Model) -> Result<Answers, Error> {
    read(row.response, row.instance_responses.as_deref())
}

/// What a seller answered to an event that was found for him.
pub(in crate::grpc) fn answers_of(found: &Found) -> Result<Answers, Error> {
    read(found.response, found.instance_responses.as_deref())
}

/// What is kept of answers: that to the whole, and those to single instances.
fn read(whole: i16, kept: Option<&[u8]>) -> Result<Answers, Error> {
    let response = |it| CalendarResponse::try_from(it).map_err(unreadable(READING));
    let time = |it: Option<prost_types::Timestamp>| {
        let time = Timestamp::try_from(it.unwrap_or_default());
        time.map_err(unreadable(READING))
    };
    let answer = |it: proto::CalendarInstanceResponse| {
        let answer = Answer {
            response: response(it.response)?,
            time: time(it.respond_time)?,
        };
        Ok((time(it.original_start_time)?, answer))
    };
    let single = single(kept)?.into_iter().map(answer);
    let single: Vec<_> = single.collect::<Result<_, Error>>()?;
    Ok(Answers::new(response(i32::from(whole))?, single))
}

/// What somebody answered to single instances, as it is kept; none if to none.
pub(in crate::grpc) fn kept_answers(answers: &Answers) -> Option<Vec<u8>> {
    let single = answers.single().iter();
    let single = single.map(|(original, answer)| proto::CalendarInstanceResponse {
        original_start_time: Some((*original).into()),
        response: answer.response.number(),
        respond_time: Some(answer.time.into()),
    });
    let kept = proto::CalendarAttendee {
        instance_responses: single.collect(),
        ..Default::default()
    };
    (!kept.instance_responses.is_empty()).then(|| kept.encode_to_vec())
}
