//! gRPC reflection: `grpcurl` and friends need no proto files.

use rapport_proto::FILE_DESCRIPTOR_SET;
use tonic::service::Routes;
use tonic_reflection::server::{Builder, Error};

/// The descriptors of this build cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("the embedded descriptors cannot be served: {0:?}")]
pub struct ReflectionError(Error);

/// `routes` with reflection (v1, and v1alpha for older tools) of every service in the
/// protos beside them.
///
/// # Errors
/// When the embedded descriptors are broken.
pub fn add_reflection(routes: Routes) -> Result<Routes, ReflectionError> {
    let descriptors = || {
        Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let v1 = descriptors().build_v1().map_err(ReflectionError)?;
    let v1alpha = descriptors().build_v1alpha().map_err(ReflectionError)?;
    Ok(routes.add_service(v1).add_service(v1alpha))
}
