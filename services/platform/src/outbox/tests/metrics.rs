use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::Registry;

use super::*;
use crate::telemetry::render;
use crate::testing;

#[tokio::test]
async fn operators_see_the_delay_and_what_was_given_up() {
    let registry = Registry::new();
    let exporter = opentelemetry_prometheus::exporter().with_registry(registry.clone());
    let meters = SdkMeterProvider::builder().with_reader(exporter.build().unwrap());
    opentelemetry::global::set_meter_provider(meters.build());

    let (db, _storage) = testing::sqlite().await;
    with_tables(&db).await;
    let picky = Bookkeeper {
        name: "metered",
        judge: Box::new(|deposited| match deposited.amount {
            2 => Err(HandleError::Rejected("ACCOUNT_CLOSED")),
            _ => Ok(()),
        }),
    };
    let running = Running::start(&db, bus(&db, picky), quick());
    deposit(&db, "accounts/a", 1..=3).await;
    all_published(&db).await;
    running.stop().await;

    let text = render(&registry).unwrap();
    let line = |start: &str| {
        text.lines()
            .find(|line| line.starts_with(start))
            .unwrap_or(&text)
    };
    let settled = "rapport_events_settled_total{consumer=\"metered\",outcome=";
    assert!(
        line(&format!("{settled}\"handled\"")).ends_with(" 2"),
        "{text}"
    );
    assert!(
        line(&format!("{settled}\"dead_lettered\"")).ends_with(" 1"),
        "{text}"
    );
    assert!(
        text.contains("rapport_events_publish_delay_seconds_count{service=\"test\""),
        "{text}"
    );
}
