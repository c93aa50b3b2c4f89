//! What callers say about the deliveries that they hold.

use std::time::Duration;

use rapport_proto::rapport::customer::v1 as proto;
use uuid::Uuid;

use crate::delivery::Report;
use crate::domain::delivery::{AttemptResult, FailureClass};
use crate::error::{Error, faults_of};
use crate::resource::DELIVERY;

const SHORTEST_HOLD: Duration = Duration::from_secs(5);
const LONGEST_HOLD: Duration = Duration::from_hours(1);
/// Longest id of the other side, in characters.
const MAX_PROVIDER_ID: usize = 200;

/// The delivery and the lease that a step is about.
pub(super) fn key(delivery: &str, lease: &str) -> Result<(Uuid, Uuid), Error> {
    let [id] = DELIVERY.parse("delivery", delivery)?;
    let lease = Uuid::try_parse(lease);
    let lease = lease.map_err(|_| Error::invalid("lease", "is not the lease that was given"))?;
    Ok((id, lease))
}

/// How long a delivery is to be held.
pub(super) fn hold(field: &str, given: &prost_types::Duration) -> Result<Duration, Error> {
    let given = Duration::try_from(*given).ok();
    given
        .filter(|it| (SHORTEST_HOLD..=LONGEST_HOLD).contains(it))
        .ok_or_else(|| Error::invalid(field, "must be 5 seconds to 1 hour"))
}

/// What became of a delivery.
pub(super) fn parse(sent: &proto::DeliveryReport) -> Result<Report, Error> {
    let result = AttemptResult::try_from(sent.result).map_err(faults_of("result"))?;
    if result == AttemptResult::Unknown {
        let why = "can't be UNKNOWN: let the lease run out when you do not know";
        return Err(Error::invalid("result", why));
    }
    let failure = FailureClass::parse(&sent.failure).map_err(faults_of("failure"))?;
    let id = &sent.provider_message_id;
    if id.chars().nth(MAX_PROVIDER_ID).is_some() || id.contains('\0') {
        let why = "must have at most 200 characters";
        return Err(Error::invalid("provider_message_id", why));
    }
    Ok(Report {
        failure,
        provider_message_id: (!id.is_empty()).then(|| id.clone()),
        ..Report::of(result)
    })
}
