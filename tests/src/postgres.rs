//! PostgreSQL's own programs.

use std::path::Path;
use std::process::Command;

/// One of the programs that came with the server that the suites use.
fn program(name: &str) -> Command {
    let programs = std::env::var_os("RAPPORT_POSTGRES_PROGRAMS");
    let programs = programs.expect("set RAPPORT_POSTGRES_PROGRAMS or run `cargo xtask bench`");
    Command::new(Path::new(&programs).join(name))
}

/// Runs `psql` with these arguments on the database at `url`.
pub fn psql(url: &str, arguments: &[&str]) -> String {
    let mut psql = program("psql");
    psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]);
    output(psql.args(arguments).arg(url))
}

/// Runs `pgbench` with these arguments on the database at `url`.
pub(crate) fn pgbench(url: &str, arguments: &[String]) -> String {
    output(program("pgbench").args(arguments).arg(url))
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    text
}
