//! `rapport protos`: the interface as one file for every tool.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

/// Writes the complete descriptor set, for `buf generate`, `protoc --descriptor_set_in`,
/// `grpcurl -protoset` and Envoy.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ProtosArgs {
    /// The file to write, such as `rapport.binpb`.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// Runs `rapport protos`.
pub(crate) fn run(arguments: &ProtosArgs) -> anyhow::Result<ExitCode> {
    std::fs::write(&arguments.out, rapport_proto::FILE_DESCRIPTOR_SET)
        .with_context(|| format!("can't write {}", arguments.out.display()))?;
    Ok(ExitCode::SUCCESS)
}
