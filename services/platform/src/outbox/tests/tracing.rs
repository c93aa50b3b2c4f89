use std::sync::Mutex;

use ::tracing::{Instrument, callsite, info_span};

use super::*;
use crate::telemetry::current_trace_parent;
use crate::{telemetry, testing};

/// The part of a `traceparent` that names the trace.
fn trace(parent: &str) -> &str {
    parent.split('-').nth(1).unwrap()
}

#[tokio::test]
async fn the_effect_belongs_to_the_trace_of_its_cause() {
    let _telemetry = telemetry::testing::install();
    let (db, _storage) = testing::sqlite().await;
    with_tables(&db).await;
    deposit(&db, "accounts/a", [1])
        .instrument(info_span!("call"))
        .await;
    let event = the_event(&db).await;
    let cause = event.trace_parent.clone().unwrap();

    let seen = Arc::new(Mutex::new(None));
    let noted = seen.clone();
    let judge = Box::new(move |_: &Deposited| {
        *noted.lock().unwrap() = current_trace_parent();
        Err(HandleError::Failed(PlatformError::Unavailable("database")))
    });
    let bus = bus(
        &db,
        Bookkeeper {
            name: "books",
            judge,
        },
    );
    bus.publish(&event).await.unwrap_err();
    // A span that another test's thread met first counts as one that nobody listens to,
    // until it is looked at again.
    callsite::rebuild_interest_cache();
    bus.publish(&event).await.unwrap_err();

    let effect = seen.lock().unwrap().clone().unwrap();
    assert_eq!(trace(&effect), trace(&cause));
    assert_ne!(effect, cause, "in a span of its own");
}
