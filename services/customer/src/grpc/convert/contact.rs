//! Permits and decisions about contacts.

use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1 as proto;
use uuid::Uuid;

use super::preference::numbers;
use super::text;
use crate::domain::contact::decision::{Decision, Obstacle, Source};
use crate::domain::contact::permit::PermitState;
use crate::domain::contact::refusal::ContactRefusal;
use crate::error::{Error, unreadable};
use crate::resource::{
    CONSENT_EVENT, CONTACT_PERMIT, CONTACT_POINT, CONTACT_POLICY, PREFERENCES, customer,
};
use crate::store::entity::contact_permit::Model;

/// The state of a permit at `now`.
pub(in crate::grpc) fn state(row: &Model, now: Timestamp) -> Result<PermitState, Error> {
    let state = PermitState::try_from(i32::from(row.state));
    let state = state.map_err(unreadable("reading a contact permit"))?;
    Ok(state.at(row.expire_time, now))
}

/// A permit as callers read it at `now`.
pub(in crate::grpc) fn permit(row: Model, now: Timestamp) -> Result<proto::ContactPermit, Error> {
    let state = state(&row, now)?;
    let settle_time = match state {
        PermitState::Expired => Some(row.settle_time.unwrap_or(row.expire_time)),
        _ => row.settle_time,
    };
    let point = row.contact_point_id;
    Ok(proto::ContactPermit {
        name: name(&row),
        customer: customer(row.customer_id),
        channel: i32::from(row.channel),
        purpose: i32::from(row.purpose),
        topic: text(row.topic),
        campaign: text(row.campaign),
        contact_point: point
            .map(|point| CONTACT_POINT.format(&[row.customer_id, point]))
            .unwrap_or_default(),
        state: state.number(),
        reserve_time: Some(row.reserve_time.into()),
        expire_time: Some(row.expire_time.into()),
        settle_time: settle_time.map(Into::into),
        contact_time: row.contact_time.map(Into::into),
        policy_version: row.policy_version,
        holder: row.holder,
        refusals: refusals(row.refusals),
    })
}

/// The name of a permit.
pub(in crate::grpc) fn name(row: &Model) -> String {
    CONTACT_PERMIT.format(&[row.customer_id, row.contact_permit_id])
}

/// A decision about a contact with `customer`, by that version of the policy.
pub(in crate::grpc) fn decision(
    of: Uuid,
    policy_version: i64,
    decision: &Decision,
) -> proto::ContactDecision {
    proto::ContactDecision {
        allowed: decision.is_allowed(),
        obstacles: decision
            .obstacles
            .iter()
            .map(|it| obstacle(of, it))
            .collect(),
        earliest_time: decision.earliest.map(Into::into),
        open_channels: numbers(&decision.open_channels),
        policy_version,
    }
}

/// A refusal as the answer for one of many.
pub(in crate::grpc) fn refused(decision: &Decision) -> proto::RefusedContact {
    let reasons = decision.reasons().into_iter();
    proto::RefusedContact {
        refusals: reasons.map(ContactRefusal::number).collect(),
        earliest_time: decision.earliest.map(Into::into),
        open_channels: numbers(&decision.open_channels),
    }
}

fn refusals(bits: i32) -> Vec<i32> {
    let all = ContactRefusal::ALL.iter().map(|it| it.number());
    all.filter(|number| bits & (1 << number) != 0).collect()
}

fn obstacle(of: Uuid, obstacle: &Obstacle) -> proto::ContactObstacle {
    let source = match obstacle.source {
        Source::ConsentEvent(event) => CONSENT_EVENT.format(&[of, event]),
        Source::ContactPoint(point) => CONTACT_POINT.format(&[of, point]),
        Source::Preferences => PREFERENCES.format(&[of]),
        Source::Policy => CONTACT_POLICY.to_owned(),
        Source::Nothing => String::new(),
    };
    proto::ContactObstacle {
        reason: obstacle.reason.number(),
        end_time: obstacle.until.map(Into::into),
        source,
        description: obstacle.reason.words().to_owned(),
    }
}
