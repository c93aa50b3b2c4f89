//! Facts about who may do what.

use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::sales::v1 as proto;

/// Authority was granted or revoked.
pub(crate) fn grant_changed(grant: &proto::AuthorityGrant) -> NewEvent {
    let fact = proto::AuthorityGrantChanged {
        authority_grant: Some(grant.clone()),
    };
    NewEvent::new(&grant.name, version(grant.revoke_time.is_some()), &fact)
}

/// Authority was delegated, or a delegation revoked.
pub(crate) fn delegation_changed(delegation: &proto::AuthorityDelegation) -> NewEvent {
    let fact = proto::AuthorityDelegationChanged {
        authority_delegation: Some(delegation.clone()),
    };
    let version = version(delegation.revoke_time.is_some());
    NewEvent::new(&delegation.name, version, &fact)
}

/// What is granted or delegated changes once, when it is revoked.
const fn version(revoked: bool) -> i64 {
    if revoked { 2 } else { 1 }
}

/// The approval policy was set.
pub(crate) fn policy_changed(policy: &proto::ApprovalPolicy) -> NewEvent {
    let fact = proto::ApprovalPolicyChanged {
        approval_policy: Some(policy.clone()),
    };
    NewEvent::new(&policy.name, policy.version, &fact)
}
