//! Records that may be one customer.

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_proto::rapport::customer::v1 as proto;
use serde::Deserialize as _;

use super::{contact_point, customer, text};
use crate::domain::attributes::{AttributeSchema, Attributes};
use crate::domain::identity::duplicates::{Match, Score, Traits};
use crate::domain::invalid::{Invalid, InvalidFields};
use crate::domain::profile::Profile;
use crate::domain::region::Region;
use crate::error::{Error, unreadable};
use crate::resource::{self, DUPLICATE_CANDIDATE, DUPLICATE_SCAN};
use crate::store::entity::{duplicate_candidate, duplicate_policy, duplicate_scan};
use crate::store::identity::policy::from_row;

/// Most addresses of a customer that is not recorded yet.
const MAX_CONTACT_POINTS: usize = 20;

/// Reads what is known of a customer that is not recorded yet.
pub(in crate::grpc) fn traits(
    ctx: &Context,
    new: &proto::NewCustomerTraits,
    default_region: Region,
) -> Result<Traits, InvalidFields> {
    let proto::NewCustomerTraits {
        customer: sent,
        contact_points,
    } = new;
    let mut faults = InvalidFields::default();
    if contact_points.len() > MAX_CONTACT_POINTS {
        faults.push("contact_points", Invalid::new("are too many: at most 20"));
        return Err(faults);
    }
    let sent = sent.clone().unwrap_or_default();
    let region = sent.region_code.parse().unwrap_or(default_region);
    let profile_only = proto::Customer {
        profile: sent.profile,
        ..Default::default()
    };
    let none = Attributes::default();
    let content = customer::parse(ctx, &profile_only, &none, &AttributeSchema::default());
    let mut traits = faults.take("customer", content).map(|content| {
        let profile = content.details.profile();
        let born = match profile {
            Profile::Person(person) => person.birth_date(),
            Profile::Organisation(_) => None,
        };
        let born = born.map(|it| (it.year().unwrap_or_default(), it.month(), it.day()));
        Traits::new(&profile.name(), born)
    });
    for (index, point) in contact_points.iter().enumerate() {
        let place = format!("contact_points[{index}]");
        let parsed = faults.take(&place, contact_point::parse(point, region));
        if let Some((traits, (address, _))) = traits.as_mut().zip(parsed) {
            traits.add(&address);
        }
    }
    faults.finish(traits)
}

/// A customer that may be the same.
pub(in crate::grpc) fn matched(customer: proto::Customer, it: &Match) -> proto::DuplicateMatch {
    proto::DuplicateMatch {
        customer: Some(customer),
        score: it.score.value(),
        reasons: it.reasons.iter().map(|reason| reason.number()).collect(),
    }
}

/// The search in a row.
pub(in crate::grpc) fn scan(row: duplicate_scan::Model) -> proto::DuplicateScan {
    let duplicate_scan::Model {
        tenant_id: _,
        scan_id,
        state,
        position: _,
        examined_count,
        candidate_count,
        merged_count,
        actor,
        create_time,
        update_time,
        complete_time,
    } = row;
    proto::DuplicateScan {
        name: DUPLICATE_SCAN.format(&[scan_id]),
        state: i32::from(state),
        examined_count,
        candidate_count,
        merged_count,
        actor,
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        complete_time: complete_time.map(Into::into),
    }
}

/// The pair in a row.
pub(in crate::grpc) fn candidate(
    row: duplicate_candidate::Model,
) -> Result<proto::DuplicateCandidate, Error> {
    let duplicate_candidate::Model {
        tenant_id: _,
        candidate_id,
        customer_id,
        other_id,
        score,
        reasons,
        state,
        decider,
        create_time,
        update_time,
    } = row;
    Ok(proto::DuplicateCandidate {
        name: DUPLICATE_CANDIDATE.format(&[candidate_id]),
        customer: resource::customer(customer_id),
        other: resource::customer(other_id),
        score: Score::stored(score).value(),
        reasons: Vec::deserialize(reasons).map_err(unreadable("reading a pair"))?,
        state: i32::from(state),
        decider: text(decider),
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
    })
}

/// The policy in a row, or the default one.
pub(in crate::grpc) fn policy(
    name: &str,
    row: Option<&duplicate_policy::Model>,
) -> proto::DuplicatePolicy {
    let policy = from_row(row);
    proto::DuplicatePolicy {
        name: name.to_owned(),
        review_score: policy.review().value(),
        auto_score: policy.auto().value(),
        auto_merge: policy.auto_merge(),
        actor: row.map(|row| row.actor.clone()).unwrap_or_default(),
        update_time: row.map(|row| row.update_time.into()),
        etag: Etag::of(row.map_or(0, |row| row.version)),
    }
}
