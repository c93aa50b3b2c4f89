//! Rapport's public interface: the types generated from `proto/`, and the
//! descriptors that carry its rules.

use std::sync::LazyLock;

use prost_reflect::DescriptorPool;

#[allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/rapport_protos.rs"));
}

pub use generated::{google, rapport};

/// A request that a caller who is not sure that it arrived may repeat (AIP-155).
pub trait RequestId: prost::Message + prost::Name {
    /// Chosen by the caller, the same each time; empty when he does without.
    fn request_id(&self) -> &str;
}

// One for each message with a field of that name.
include!(concat!(env!("OUT_DIR"), "/request_ids.rs"));

/// The complete descriptor set: options, comments and imports.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rapport.binpb"));

/// Without comments, which take megabytes in the memory of every process and which no rule reads.
const TERSE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/terse.binpb"));

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    #[allow(clippy::expect_used)] // Built by our own build script; a test decodes it.
    DescriptorPool::decode(TERSE).expect("the embedded descriptor set is valid")
});

/// The descriptors of every message and service, with their options.
pub fn descriptor_pool() -> &'static DescriptorPool {
    &POOL
}
