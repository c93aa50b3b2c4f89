//! The way of one call through the gateway: judged, then handed on.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{HeaderMap, Method as HttpMethod, Request, Response, StatusCode, Version};
use rapport_platform::identity::{IDENTITY_HEADER, InternalSigner, PERMIT_HEADER};
use rapport_platform::server::ServiceLink;
use rapport_platform::time::{Clock, Timestamp};
use tonic::body::Body;
use tower::{Service, ServiceExt as _};

use super::first_message::{Buffers, FirstMessage};
use super::settle::settled;
use super::watch::{Answered, CallRecord};
use super::{body, headers};
use crate::enforce::{Enforcer, Refusal, Verdict};
use crate::identity::Identity;
use crate::outreach::{Asking, Outreach, Permit};
use crate::table::Method;

/// Judges calls and hands those that may pass to the service behind. Clones share everything.
#[derive(Clone)]
pub(crate) struct Passage(Arc<PassageParts>);

/// What a passage needs.
pub(crate) struct PassageParts {
    pub(crate) enforcer: Enforcer,
    /// By full name of the proto service.
    pub(crate) links: HashMap<String, ServiceLink>,
    /// `None` where no RPC reaches out.
    pub(crate) outreach: Option<Outreach>,
    pub(crate) signer: InternalSigner,
    pub(crate) buffers: Buffers,
    pub(crate) clock: Clock,
}

impl Passage {
    pub(crate) fn new(parts: PassageParts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Service<Request<Body>> for Passage {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let parts = Arc::clone(&self.0);
        Box::pin(async move {
            let record = CallRecord::of(request.extensions());
            let answer = parts.pass(request, &record).await;
            Ok(answer.unwrap_or_else(|refusal| refusal.into_status(record.call_id).into_http()))
        })
    }
}

impl PassageParts {
    async fn pass(
        &self,
        request: Request<Body>,
        record: &CallRecord,
    ) -> Result<Response<Body>, Refusal> {
        let (head, body) = request.into_parts();
        let method = self.enforcer.method(head.uri.path())?;
        let link = self
            .links
            .get(&method.service)
            .ok_or_else(|| Refusal::MethodUnknown {
                path: method.path.clone(),
            })?;
        let now = self.clock.now();
        let caller = self.enforcer.authenticate(method, &head.headers, now)?;
        if let Some(caller) = &caller {
            record.name_caller(Arc::clone(caller));
        }
        self.enforcer.authorise(method, caller.as_deref())?;
        let (body, permit) = match method.is_judged_by_message() {
            true => {
                self.judge(method, &head.headers, body, caller.as_deref(), record)
                    .await?
            }
            false => (body, None),
        };
        let mut request = self.forwarded(method, &head.headers, body, caller, now)?;
        let Some((outreach, permit)) = permit else {
            return hand_on(link.clone(), request, record).await;
        };
        let id = headers::call_id_value(permit.id);
        request.headers_mut().insert(PERMIT_HEADER, id);
        // Lost on the way, it may have arrived: then the permit expires by itself.
        let response = hand_on(link.clone(), request, record).await?;
        Ok(settled(outreach, permit, response).await)
    }

    /// Reads the first message, judges it and returns the body as it was, with the leave for the
    /// contact that it makes.
    async fn judge(
        &self,
        method: &Method,
        headers: &HeaderMap,
        body: Body,
        caller: Option<&Identity>,
        record: &CallRecord,
    ) -> Result<(Body, Option<(Outreach, Permit)>), Refusal> {
        let mut first = match method.client_streaming {
            true => FirstMessage::of_stream(body, &self.buffers).await?,
            false => FirstMessage::of_unary(body, &self.buffers).await?,
        };
        let Some(message) = first.decoded(headers, &self.buffers)? else {
            return Ok((first.into_body(), None));
        };
        let permit = match self.enforcer.judge(method, &message)? {
            Verdict::Forward => None,
            Verdict::Reserve(contact) => {
                // The table refuses an outreach that is public, and the builder one that
                // nobody could be asked about; should either fail, nobody is contacted.
                let (Some(outreach), Some(caller)) = (&self.outreach, caller) else {
                    tracing::error!(method = method.path, "an outreach that cannot be judged");
                    return Err(Refusal::Internal);
                };
                let asking = Asking {
                    caller,
                    method: &method.path,
                    call_id: record.call_id,
                };
                let permit = outreach.reserve(contact, asking).await?;
                Some((outreach.clone(), permit))
            }
        };
        Ok((first.into_body(), permit))
    }

    fn forwarded(
        &self,
        method: &Method,
        headers: &HeaderMap,
        body: Body,
        caller: Option<Arc<Identity>>,
        now: Timestamp,
    ) -> Result<Request<Body>, Refusal> {
        let mut request = Request::new(body);
        *request.method_mut() = HttpMethod::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = method.path.parse().map_err(|_| Refusal::Internal)?;
        *request.headers_mut() = headers::forwarded(headers);
        if let Some(caller) = caller {
            let identity = self
                .signer
                .sign(caller.tenant, &caller.actor, now)
                .map_err(|error| {
                    tracing::error!(%error, "an internal identity cannot be made");
                    Refusal::Internal
                })?;
            request.headers_mut().insert(IDENTITY_HEADER, identity);
            // For the gateway's own service; it does not leave the process.
            request.extensions_mut().insert(caller);
        }
        Ok(request)
    }
}

/// Calls the service behind. The link adds the trace and what is left of the deadline.
async fn hand_on(
    mut link: ServiceLink,
    request: Request<Body>,
    record: &CallRecord,
) -> Result<Response<Body>, Refusal> {
    let answer = match link.ready().await {
        Ok(link) => link.call(request).await,
        Err(error) => Err(error),
    };
    let mut response = answer.map_err(|error| {
        tracing::warn!(%error, "a service does not answer");
        Refusal::Unavailable
    })?;
    if response.status() != StatusCode::OK {
        tracing::warn!(status = %response.status(), "what answers is not a gRPC service");
        return Err(Refusal::Unavailable);
    }
    response.extensions_mut().insert(Answered);
    // An answer without messages has its status in the headers already.
    if response.headers().contains_key("grpc-status") {
        return Ok(response);
    }
    Ok(response.map(|body| body::ended(body, record.call_id)))
}
