//! Facts about plans.

use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::sales::v1 as proto;

/// Makes the event of a plan that has the version since.
pub(crate) type Tell = fn(proto::AccountPlan, i64) -> NewEvent;

facts! {
    /// A plan was recorded.
    created => AccountPlanCreated { account_plan: AccountPlan };
    /// What a plan says changed.
    updated => AccountPlanUpdated { account_plan: AccountPlan };
    /// A plan was activated or closed.
    state_changed => AccountPlanStateChanged { account_plan: AccountPlan };
}

/// A plan was looked at.
pub(crate) fn reviewed(
    plan: proto::AccountPlan,
    review: proto::AccountPlanReview,
    version: i64,
) -> NewEvent {
    let name = plan.name.clone();
    let fact = proto::AccountPlanReviewed {
        account_plan: Some(plan),
        account_plan_review: Some(review),
    };
    NewEvent::new(name, version, &fact)
}
