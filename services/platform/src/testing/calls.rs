//! Calls of a service in the same process, and what they answer.

use tonic::service::interceptor::InterceptedService;
use tonic::service::{Interceptor, Routes};
use tonic::{Request, Response, Status};
use tonic_types::StatusExt as _;

use crate::identity::Context;
use crate::server::ServiceLink;

/// The way of a caller's requests to the service.
pub type Link = InterceptedService<ServiceLink, OnBehalf>;

/// Puts the caller's context where the identity layer would.
#[derive(Clone, Debug)]
pub struct OnBehalf(Context);

impl Interceptor for OnBehalf {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.extensions_mut().insert(self.0.clone());
        Ok(request)
    }
}

/// The way of a caller's requests to the service that answers on these routes.
pub fn link(routes: impl Into<Routes>, ctx: &Context) -> Link {
    InterceptedService::new(ServiceLink::from(routes.into()), OnBehalf(ctx.clone()))
}

/// What a call that must succeed answered.
pub fn answer<T>(result: Result<Response<T>, Status>) -> T {
    result.expect("it is answered").into_inner()
}

/// The status of a call that must have been refused.
pub fn refused<T>(result: Result<Response<T>, Status>) -> Status {
    result.err().expect("it is refused")
}

/// The reason of a refusal, such as `ETAG_MISMATCH`.
pub fn reason(refused: &Status) -> String {
    let info = refused.get_details_error_info();
    info.map(|info| info.reason).unwrap_or_default()
}

/// What a refusal says under this key.
pub fn metadata(refused: &Status, key: &str) -> String {
    let info = refused.get_details_error_info();
    info.and_then(|info| info.metadata.get(key).cloned())
        .unwrap_or_default()
}

/// The fields that a refusal names.
pub fn fields(refused: &Status) -> Vec<String> {
    let request = refused.get_details_bad_request();
    let violations = request.map(|request| request.field_violations);
    let fields = violations.unwrap_or_default().into_iter();
    fields.map(|violation| violation.field).collect()
}
