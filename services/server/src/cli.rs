//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rapport_platform::config;

use crate::settings::Settings;
use crate::terminal::{complain, say};
use crate::{demo, export, import, migrate, protos, serve};

/// Rapport: a customer-relationship back end as a suite of gRPC services.
///
/// Without a command it starts the whole suite on embedded SQLite, for callers on this
/// machine only. Settings come from the defaults, a TOML file and the environment, in this
/// order; `RAPPORT__GATEWAY__LISTEN` is the key `gateway.listen`.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    /// Settings file (TOML).
    #[arg(long, env = "RAPPORT_CONFIG", global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the effective settings, secrets hidden, and stop.
    #[arg(long, global = true)]
    print_config: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the suite (the default).
    Serve,
    /// Bring the databases up to this version and stop. Run it from one place.
    Migrate,
    /// Write the descriptor set of all protos: options, comments and imports.
    Protos(protos::ProtosArgs),
    /// Bring customers in from a CSV file, or, with `sales`, opportunities.
    Import(Box<ImportCommand>),
    /// Write customers to a file.
    Export(export::ExportArgs),
    /// Show on invented customers what the suite does; needs a running suite.
    Demo(demo::DemoArgs),
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct ImportCommand {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    customers: import::ImportArgs,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Bring sellers, products and opportunities with their history in from CSV files.
    Sales(import::sales::SalesArgs),
}

impl Cli {
    /// Runs what was typed.
    async fn run(self) -> anyhow::Result<ExitCode> {
        let settings = || -> anyhow::Result<Settings> { Ok(config::load(self.config.as_deref())?) };
        if self.print_config {
            say(config::to_toml_redacted(&settings()?)?.trim_end());
            return Ok(ExitCode::SUCCESS);
        }
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => Box::pin(serve::run(settings()?)).await,
            Command::Migrate => migrate::run(settings()?).await,
            Command::Protos(arguments) => protos::run(&arguments),
            Command::Import(command) => {
                let ImportCommand { what, customers } = *command;
                match what {
                    Some(What::Sales(arguments)) => import::sales::run(arguments).await,
                    None => import::run(customers).await,
                }
            }
            Command::Export(arguments) => export::run(arguments).await,
            Command::Demo(arguments) => demo::run(arguments).await,
        }
    }
}

/// Does what the command line says.
#[inline(never)]
pub fn main() -> ExitCode {
    let run = || {
        let cli = Cli::parse();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(cli.run())
    };
    run().unwrap_or_else(|error| {
        complain(&error);
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(typed: &[&str]) -> Result<ImportCommand, clap::Error> {
        let words = ["rapport", "import"].iter().chain(typed);
        Cli::try_parse_from(words).map(|cli| match cli.command {
            Some(Command::Import(command)) => *command,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn customers_and_sales_are_imported_by_their_own_words() {
        let customers = import(&["people.csv", "--mapping", "people.toml"]).unwrap();
        assert!(customers.what.is_none());
        assert_eq!(customers.customers.file, Some("people.csv".into()));
        let undo = import(&["--undo", "importRuns/1"]).unwrap();
        assert_eq!(undo.customers.undo.as_deref(), Some("importRuns/1"));
        let sales = import(&["sales", "deals.csv", "--mapping", "deals.toml"]).unwrap();
        assert!(
            matches!(sales.what, Some(What::Sales(arguments)) if arguments.file.ends_with("deals.csv"))
        );
    }

    #[test]
    fn an_import_needs_a_mapping() {
        assert!(import(&["people.csv"]).is_err());
        assert!(import(&["sales", "deals.csv"]).is_err());
        assert!(import(&[]).is_err());
    }
}
