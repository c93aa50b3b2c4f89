//! What tests and measurements find around them, told through the environment.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::postgres::{Durability, Postgres};
use crate::tools::Tools;
use crate::workspace::Workspace;

/// The servers and programs that tests use; dropping it ends the servers.
pub(crate) struct Surroundings {
    postgres: Postgres,
    tools: Tools,
}

impl Surroundings {
    /// Installs what is missing and starts the servers.
    pub(crate) fn ready(workspace: &Workspace, durability: Durability) -> Result<Self> {
        Ok(Self {
            tools: Tools::ready(workspace)?,
            postgres: Postgres::start(durability)?,
        })
    }

    /// Tells `command` where everything is; `suite` is the `rapport` binary to test.
    ///
    /// - `RAPPORT_TEST_POSTGRES`: URL of an administrator's connection
    /// - `RAPPORT_POSTGRES_PROGRAMS`: folder of `pgbench`, `psql` and others
    /// - `RAPPORT_TOOLS_PYTHON`, `RAPPORT_GRPCURL`, `RAPPORT_BUF`: programs
    /// - `RAPPORT_BIN`: the suite's binary
    pub(crate) fn tell<'a>(&self, command: &'a mut Command, suite: &Path) -> &'a mut Command {
        command
            .env("RAPPORT_TEST_POSTGRES", self.postgres.url())
            .env("RAPPORT_POSTGRES_PROGRAMS", self.postgres.programs())
            .env("RAPPORT_TOOLS_PYTHON", self.tools.python())
            .env("RAPPORT_GRPCURL", self.tools.grpcurl())
            .env("RAPPORT_BUF", self.tools.buf())
            .env("RAPPORT_BIN", suite)
    }
}
