//! `rapport serve`: the suite until it is told to end.

use std::process::ExitCode;

use rapport_platform::server::Drain;
use rapport_platform::telemetry;

use crate::settings::Settings;
use crate::suite::Suite;
use crate::terminal::say;

/// Runs `rapport serve`.
pub(crate) async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    let telemetry = telemetry::init(&settings.telemetry)?;
    let drain = Drain::new(settings.server.drain.clone());
    drain.listen_for_signals()?;
    let token = settings.gateway.local_token.clone();
    let suite = Suite::build(settings, telemetry.registry(), drain).await?;

    let address = suite.address()?;
    say(&format!("Rapport answers on http://{address}"));
    say(&format!(
        "metrics and probes on http://{}",
        suite.ops_address()?
    ));
    if let Some(address) = suite.pages_address()? {
        say(&format!("pages for customers on http://{address}"));
    }
    if token.enabled {
        let file = token.file.display();
        say(&format!("call it, for example:
  grpcurl -plaintext -H \"authorization: Bearer $(cat {file})\" {address} rapport.gateway.v1.AccessService/WhoAmI
or let it tell its story:
  rapport demo --address http://{address} --token-file {file}"));
    }
    suite.run().await;
    telemetry.shutdown().await;
    Ok(ExitCode::SUCCESS)
}
