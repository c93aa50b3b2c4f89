//! The tenant's rules of contacting customers.

use rapport_platform::etag::Etag;
use rapport_proto::rapport::customer::v1 as proto;

use super::contact_times::{
    duration, each, parse_cap, parse_quiet_hours, proto_duration, write_cap, write_quiet_hours,
};
use crate::domain::contact::policy::{ContactPolicy, PolicyParts, PurposeRule, Topic};
use crate::domain::invalid::InvalidFields;
use crate::domain::locale::ZoneName;
use crate::resource::CONTACT_POLICY;
use crate::store::contact::policy::Stored;

/// The fields that callers can set.
pub(in crate::grpc) const SETTABLE: [&str; 7] = [
    "purposes",
    "topics",
    "caps",
    "quiet_hours",
    "time_zone",
    "reservation_ttl",
    "default_region_code",
];

/// Reads a policy.
pub(in crate::grpc) fn parse(
    policy: &proto::ContactPolicy,
) -> Result<ContactPolicy, InvalidFields> {
    let proto::ContactPolicy {
        name: _,
        purposes,
        topics,
        caps,
        quiet_hours,
        time_zone,
        reservation_ttl,
        default_region_code,
        version: _,
        update_time: _,
        updater: _,
        etag: _,
    } = policy;
    let mut faults = InvalidFields::default();
    let purposes = faults.take("purposes", each(purposes, parse_rule));
    let topics = faults.take("topics", each(topics, parse_topic));
    let caps = faults.take("caps", each(caps, parse_cap));
    let quiet_hours = faults.take("quiet_hours", each(quiet_hours, parse_quiet_hours));
    let zone = (!time_zone.is_empty()).then(|| ZoneName::parse(time_zone));
    let time_zone = faults.take("time_zone", zone.transpose());
    let ttl = reservation_ttl.as_ref().map(duration).transpose();
    let reservation_ttl = faults.take("reservation_ttl", ttl);
    let region = (!default_region_code.is_empty()).then(|| default_region_code.parse());
    let default_region = faults.take("default_region_code", region.transpose());
    let complete = purposes.zip(topics).zip(caps.zip(quiet_hours));
    let complete = complete.zip(time_zone.zip(reservation_ttl).zip(default_region));
    let policy = complete.and_then(|(((purposes, topics), (caps, quiet_hours)), rest)| {
        let ((time_zone, reservation_ttl), default_region) = rest;
        let parts = PolicyParts {
            purposes,
            topics,
            caps,
            quiet_hours,
            time_zone,
            reservation_ttl,
            default_region,
        };
        faults.take("", ContactPolicy::parse(parts))
    });
    faults.finish(policy)
}

/// Writes what a policy says; who set it when is added by [`to_proto`].
pub(in crate::grpc) fn write(policy: &ContactPolicy) -> proto::ContactPolicy {
    proto::ContactPolicy {
        name: CONTACT_POLICY.to_owned(),
        purposes: policy.purposes().iter().map(write_rule).collect(),
        topics: policy.topics().iter().map(write_topic).collect(),
        caps: policy.caps().iter().map(write_cap).collect(),
        quiet_hours: policy.quiet_hours().iter().map(write_quiet_hours).collect(),
        time_zone: policy
            .time_zone()
            .map(|it| it.as_str().to_owned())
            .unwrap_or_default(),
        reservation_ttl: policy.reservation_ttl().map(proto_duration),
        default_region_code: policy
            .default_region()
            .map(|it| it.code().to_owned())
            .unwrap_or_default(),
        ..proto::ContactPolicy::default()
    }
}

/// A policy as callers read it.
pub(in crate::grpc) fn to_proto(stored: Stored) -> proto::ContactPolicy {
    let Stored {
        version,
        document,
        row,
    } = stored;
    proto::ContactPolicy {
        name: CONTACT_POLICY.to_owned(),
        version,
        update_time: row.as_ref().map(|row| row.update_time.into()),
        updater: row.map(|row| row.updater).unwrap_or_default(),
        etag: Etag::of(version),
        ..document
    }
}

fn parse_rule(rule: &proto::PurposeRule) -> Result<PurposeRule, InvalidFields> {
    let proto::PurposeRule {
        purpose,
        mode,
        double_opt_in,
    } = *rule;
    PurposeRule::parse(purpose, mode, double_opt_in)
}

fn write_rule(rule: &PurposeRule) -> proto::PurposeRule {
    proto::PurposeRule {
        purpose: rule.purpose().number(),
        mode: rule.mode().number(),
        double_opt_in: rule.double_opt_in(),
    }
}

fn parse_topic(topic: &proto::Topic) -> Result<Topic, InvalidFields> {
    let proto::Topic {
        id,
        purpose,
        display_name,
        restrictive,
    } = topic;
    Topic::parse(id, *purpose, display_name, *restrictive)
}

fn write_topic(topic: &Topic) -> proto::Topic {
    proto::Topic {
        id: topic.id().as_str().to_owned(),
        purpose: topic.purpose().number(),
        display_name: topic.display_name().to_owned(),
        restrictive: topic.restrictive(),
    }
}
