//! Lets only calls with an internal identity through to a service.

use std::task::{Context as Task, Poll};

use futures::future::{Either, Ready, ready};
use http::{HeaderMap, Request, Response};
use tonic::body::Body;
use tower::{Layer, Service};
use uuid::Uuid;

use super::{CALL_ID_HEADER, Context, IDENTITY_HEADER, InternalVerifier, PERMIT_HEADER};
use crate::id::new_id;
use crate::problem::Problem;
use crate::time::Clock;

/// Verifies the internal identity of every call and puts its [`Context`] into the request's
/// extensions; calls without one are answered UNAUTHENTICATED.
#[derive(Clone)]
pub struct IdentityLayer {
    verifier: InternalVerifier,
    clock: Clock,
}

impl IdentityLayer {
    /// Judges by `verifier` and `clock`; the context's `now` comes from `clock` too.
    pub fn new(verifier: InternalVerifier, clock: Clock) -> Self {
        Self { verifier, clock }
    }

    fn context(&self, headers: &HeaderMap, call_id: Uuid) -> Result<Context, Problem> {
        let token = headers.get(IDENTITY_HEADER).ok_or_else(|| {
            Problem::token_missing("The call carries no identity. Call through the gateway.")
        })?;
        let now = self.clock.now();
        let (tenant, actor) = self.verifier.verify(token, now).map_err(|_| {
            Problem::token_invalid("The call's identity has expired or is not one of ours.")
        })?;
        let trace_parent = headers
            .get("traceparent")
            .and_then(|value| value.to_str().ok());
        Ok(Context {
            tenant,
            actor,
            call_id,
            now,
            trace_parent: trace_parent.map(str::to_owned),
            permit: uuid(headers, PERMIT_HEADER),
        })
    }
}

impl<S> Layer<S> for IdentityLayer {
    type Service = IdentityService<S>;

    fn layer(&self, inner: S) -> IdentityService<S> {
        IdentityService {
            layer: self.clone(),
            inner,
        }
    }
}

/// A service behind an [`IdentityLayer`].
#[derive(Clone)]
pub struct IdentityService<S> {
    layer: IdentityLayer,
    inner: S,
}

impl<S, B> Service<Request<B>> for IdentityService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<Ready<Result<Self::Response, S::Error>>, S::Future>;

    fn poll_ready(&mut self, task: &mut Task<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let call_id = call_id(request.headers());
        match self.layer.context(request.headers(), call_id) {
            Ok(context) => {
                // Nothing behind this layer needs the token, and what it cannot see it
                // cannot log.
                request.headers_mut().remove(IDENTITY_HEADER);
                request.extensions_mut().insert(context);
                Either::Right(self.inner.call(request))
            }
            Err(problem) => {
                tracing::debug!(%call_id, reason = problem.reason_name(), "call refused");
                Either::Left(ready(Ok(problem.into_status(call_id).into_http())))
            }
        }
    }
}

/// The call's id from its header, or a new one.
fn call_id(headers: &HeaderMap) -> Uuid {
    uuid(headers, CALL_ID_HEADER).unwrap_or_else(new_id)
}

fn uuid(headers: &HeaderMap, name: &str) -> Option<Uuid> {
    let value = headers.get(name)?;
    Uuid::try_parse_ascii(value.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::HeaderValue;
    use tower::{ServiceExt as _, service_fn};

    use super::*;
    use crate::identity::{Actor, InternalSigner, TenantId};
    use crate::key::SecretKey;
    use crate::time::Timestamp;

    /// Calls a service that answers with its context as headers.
    async fn call(verifying: &SecretKey, headers: &[(&'static str, HeaderValue)]) -> HeaderMap {
        let echo = service_fn(async |request: Request<()>| {
            let context = request.extensions().get::<Context>().unwrap();
            let mut answer = Response::new(Body::empty());
            let headers = answer.headers_mut();
            headers.insert("actor", context.actor.as_str().parse().unwrap());
            headers.insert("call", context.call_id.to_string().parse().unwrap());
            headers.insert(
                "trace",
                context
                    .trace_parent
                    .as_deref()
                    .unwrap_or("")
                    .parse()
                    .unwrap(),
            );
            let hidden = !request.headers().contains_key(IDENTITY_HEADER);
            headers.insert("hidden", hidden.to_string().parse().unwrap());
            Ok::<_, Infallible>(answer)
        });
        let (clock, _) = Clock::manual(Timestamp::EPOCH);
        let service = IdentityLayer::new(InternalVerifier::new(verifying), clock).layer(echo);
        let mut request = Request::new(());
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.clone());
        }
        service.oneshot(request).await.unwrap().headers().clone()
    }

    fn identity(key: &SecretKey) -> HeaderValue {
        let actor = Actor::parse("systems/dialler").unwrap();
        InternalSigner::new(key)
            .sign(TenantId::EMBEDDED, &actor, Timestamp::EPOCH)
            .unwrap()
    }

    #[tokio::test]
    async fn the_handler_sees_who_calls_and_not_the_token() {
        let key = SecretKey::generate();
        let call_id = HeaderValue::from_static("01890000-0000-7000-8000-000000000001");
        let trace = HeaderValue::from_static("00-trace");
        let headers = [
            (IDENTITY_HEADER, identity(&key)),
            (CALL_ID_HEADER, call_id.clone()),
            ("traceparent", trace.clone()),
        ];
        let seen = call(&key, &headers).await;
        assert_eq!(seen["actor"], "systems/dialler");
        assert_eq!(seen["call"], call_id);
        assert_eq!(seen["trace"], trace);
        assert_eq!(seen["hidden"], "true");
    }

    #[tokio::test]
    async fn a_call_past_the_gateway_is_unauthenticated() {
        let key = SecretKey::generate();
        let bare = call(&key, &[]).await;
        assert_eq!(bare["grpc-status"], "16");
        let forged = call(&key, &[(IDENTITY_HEADER, identity(&SecretKey::generate()))]).await;
        assert_eq!(forged["grpc-status"], "16");
    }

    #[tokio::test]
    async fn a_call_without_an_id_gets_one() {
        let key = SecretKey::generate();
        let odd = (CALL_ID_HEADER, HeaderValue::from_static("'; drop table"));
        let seen = call(&key, &[(IDENTITY_HEADER, identity(&key)), odd]).await;
        assert!(Uuid::try_parse(seen["call"].to_str().unwrap()).is_ok());
    }
}
