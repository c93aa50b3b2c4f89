//! Which quotes need whose approval.

use std::time::Duration;

use prost::Message as _;
use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::Money;
use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::sales::v1 as proto;

use super::authority::payable;
use crate::domain::approval::{Conditions, Policy, Rule};
use crate::error::{Error, unreadable};
use crate::events::authority as events;
use crate::grpc::policy;
use crate::resource::APPROVAL_POLICY;
use crate::store::entity::approval_policy::{self, Model};

/// The policy in a message.
fn parse(policy: &proto::ApprovalPolicy) -> Result<Policy, InvalidFields> {
    let proto::ApprovalPolicy {
        name: _,
        rules,
        escalate_after,
        version: _,
        author: _,
        create_time: _,
        etag: _,
    } = policy;
    let mut faults = InvalidFields::default();
    let read = rules.iter().enumerate();
    let rules = read
        .filter_map(|(index, sent)| faults.take(&format!("rules[{index}]"), rule(sent)))
        .collect();
    let wait = escalate_after.map(Duration::try_from).transpose();
    let wait = wait.map_err(|_| Invalid::new("must not be negative"));
    let wait = faults.take("escalate_after", wait);
    let policy = faults.take("", Policy::new(rules, wait.flatten()));
    faults.finish(policy)
}

fn rule(rule: &proto::ApprovalRule) -> Result<Rule, InvalidFields> {
    let proto::ApprovalRule {
        description,
        level,
        total_above,
        discount_above_ppm,
        line_discount_above_ppm,
        margin_below_ppm,
        below_floor,
        unlisted_line,
    } = rule;
    let mut faults = InvalidFields::default();
    let total = total_above.as_ref().map(payable).transpose();
    let total = faults.take("total_above", total);
    let conditions = Conditions {
        total_above: total.flatten(),
        discount_above: *discount_above_ppm,
        line_discount_above: *line_discount_above_ppm,
        margin_below: *margin_below_ppm,
        below_floor: *below_floor,
        unlisted_line: *unlisted_line,
    };
    let rule = faults.take("", Rule::parse(description, *level, conditions));
    faults.finish(rule)
}

/// What never changes of a version.
fn document(policy: &Policy) -> proto::ApprovalPolicy {
    let wait = policy.escalate_after();
    proto::ApprovalPolicy {
        rules: policy.rules().iter().map(rule_to_proto).collect(),
        // Bounded to days, so it fits.
        escalate_after: wait.and_then(|it| prost_types::Duration::try_from(it).ok()),
        ..Default::default()
    }
}

fn rule_to_proto(rule: &Rule) -> proto::ApprovalRule {
    let Conditions {
        total_above,
        discount_above,
        line_discount_above,
        margin_below,
        below_floor,
        unlisted_line,
    } = rule.conditions;
    proto::ApprovalRule {
        description: rule.description.clone(),
        level: i32::from(rule.level.code()),
        total_above: total_above.map(Money::into),
        discount_above_ppm: discount_above,
        line_discount_above_ppm: line_discount_above,
        margin_below_ppm: margin_below,
        below_floor,
        unlisted_line,
    }
}

impl policy::Policy for approval_policy::Entity {
    type Proto = proto::ApprovalPolicy;
    type Says = Policy;
    const NAME: &'static str = APPROVAL_POLICY;
    const FIELD: &'static str = "approval_policy";

    fn sent(sent: &Self::Proto) -> (&str, &str) {
        (&sent.name, &sent.etag)
    }

    fn parse(sent: &Self::Proto) -> Result<Self::Says, InvalidFields> {
        parse(sent)
    }

    fn row(ctx: &Context, version: i64, says: &Self::Says) -> Self::Model {
        Model {
            tenant_id: ctx.tenant,
            version,
            document: document(says).encode_to_vec(),
            author: ctx.actor.to_string(),
            create_time: ctx.now,
        }
    }

    fn version(row: &Self::Model) -> i64 {
        row.version
    }

    fn to_proto(row: Option<Self::Model>) -> Result<Self::Proto, Error> {
        let Some(row) = row else {
            return Ok(proto::ApprovalPolicy {
                name: APPROVAL_POLICY.to_owned(),
                etag: Etag::of(0),
                ..document(&Policy::initial())
            });
        };
        let document = proto::ApprovalPolicy::decode(row.document.as_slice());
        Ok(proto::ApprovalPolicy {
            name: APPROVAL_POLICY.to_owned(),
            version: row.version,
            author: row.author,
            create_time: Some(row.create_time.into()),
            etag: Etag::of(row.version),
            ..document.map_err(unreadable("reading a stored approval policy"))?
        })
    }

    fn changed(set: &Self::Proto, _: i64) -> NewEvent {
        events::policy_changed(set)
    }
}

/// The policy in a row, for the rules, with its version.
pub(in crate::grpc) fn from_row(row: Option<Model>) -> Result<(i64, Policy), Error> {
    let stored = <approval_policy::Entity as policy::Policy>::to_proto(row)?;
    let policy = parse(&stored).map_err(unreadable("reading a stored approval policy"))?;
    Ok((stored.version, policy))
}
