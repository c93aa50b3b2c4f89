//! Facts about plans.

use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::sales::v1 as proto;

/// Makes the event of a plan that has the version since.
pub(crate) type Tell = fn(proto::AccountPlan, i64) -> NewEvent;

macro_rules! facts {
    ($($(#[$meta:meta])* $function:ident => $fact:ident;)+) => {
        $(
            $(#[$meta])*
            pub(crate) fn $function(it: proto::AccountPlan, version: i64) -> NewEvent {
                NewEvent::new(it.name.clone(), version, &proto::$fact { account_plan: Some(it) })
            }
        )+
    };
}

facts! {
    /// A plan was recorded.
    created => AccountPlanCreated;
    /// What a plan says changed.
    updated => AccountPlanUpdated;
    /// A plan was activated or closed.
    state_changed => AccountPlanStateChanged;
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
