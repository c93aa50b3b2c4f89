//! `rapport migrate`: databases brought up to this version, as a step of a deployment.

use std::process::ExitCode;

use anyhow::Context as _;
use rapport_platform::telemetry;

use crate::settings::Settings;
use crate::terminal::say;

/// Runs `rapport migrate`.
pub(crate) async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    let telemetry = telemetry::init(&settings.telemetry)?;
    rapport_customer::migrate(&settings.customer)
        .await
        .context("the customer service's database could not be migrated")?;
    say("customer: up to date");
    rapport_sales::migrate(&settings.sales)
        .await
        .context("the sales service's database could not be migrated")?;
    say("sales: up to date");
    telemetry.shutdown().await;
    Ok(ExitCode::SUCCESS)
}
