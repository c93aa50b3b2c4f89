//! Calls, by their path, to whom serves them.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{self, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use prost_reflect::MethodDescriptor;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::codegen::StdError;
use tonic::server::{Grpc, StreamingService, UnaryService};
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};
use tower::Service;
use uuid::Uuid;

use super::Messages;
use super::methods::{Handler, Method, Methods, Serve, Streams, Unary};
use super::raw::Raw;
use crate::identity::Context;
use crate::server::{MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES};

/// The RPCs of a service. Clones share the handlers.
#[derive(Clone, Default)]
pub struct Rpcs {
    services: Vec<&'static str>,
    by_path: Arc<HashMap<String, Handler>>,
}

impl Rpcs {
    /// Serves these too.
    ///
    /// # Panics
    /// When the list of RPCs is another than that in the protos: the suite then does not start.
    #[must_use]
    pub fn serve<S: Serve>(mut self, handlers: S) -> Self {
        let listed = Methods::of(handlers).listed;
        let by_path = Arc::make_mut(&mut self.by_path);
        let service = rapport_proto::descriptor_pool().get_service_by_name(S::SERVICE);
        let methods: Vec<_> = service.iter().flat_map(|it| it.methods()).collect();
        assert_eq!(listed.len(), methods.len(), "RPCs of {}", S::SERVICE);
        for method in listed {
            let described = methods.iter().find(|it| is_named(it.name(), method.rpc));
            assert!(
                described.is_some_and(|it| is_as_described(&method, it)),
                "{} has no such RPC: {}({}) -> {}",
                S::SERVICE,
                method.rpc,
                method.request,
                method.answer,
            );
            if let Some(described) = described {
                let path = format!("/{}/{}", S::SERVICE, described.name());
                by_path.insert(path, method.handler);
            }
        }
        self.services.push(S::SERVICE);
        self
    }

    /// Full names of the proto services that are served.
    pub fn services(&self) -> &[&'static str] {
        &self.services
    }
}

/// Whether `rpc`, such as `create_role`, is what Rust calls `name`.
fn is_named(name: &str, rpc: &str) -> bool {
    let letters = |text: &str| text.replace('_', "").to_ascii_lowercase();
    letters(name) == letters(rpc)
}

fn is_as_described(method: &Method, described: &MethodDescriptor) -> bool {
    let streams = [
        described.is_client_streaming(),
        described.is_server_streaming(),
    ];
    method.request == described.input().full_name()
        && method.answer == described.output().full_name()
        && method.streams == streams
}

/// tonic's routes are an axum router underneath; these answer whatever it has no route for.
impl From<Rpcs> for Routes {
    fn from(rpcs: Rpcs) -> Self {
        let router = Self::default().into_axum_router();
        router.fallback_service(rpcs).into()
    }
}

impl<B> Service<http::Request<B>> for Rpcs
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError>,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let handler = self.by_path.get(request.uri().path()).cloned();
        Box::pin(answer(handler, request.map(Body::new)))
    }
}

/// Shorter answers gain nothing: the headers of a packet outweigh what is saved.
const WORTH_COMPRESSING: usize = 1024;

/// Reads what callers compressed, and compresses for those who accept it.
async fn answer(
    handler: Option<Handler>,
    request: http::Request<Body>,
) -> Result<http::Response<Body>, Infallible> {
    let mut grpc = Grpc::new(Raw)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(MAX_REQUEST_BYTES)
        .max_encoding_message_size(MAX_RESPONSE_BYTES);
    Ok(match handler {
        Some(Handler::Unary(answer)) => grpc.unary(OneByOne(answer), request).await,
        Some(Handler::Streams(answer)) => grpc.streaming(ManyByMany(answer), request).await,
        None => Status::unimplemented("There is no such RPC.").into_http(),
    })
}

struct OneByOne(Unary);

impl UnaryService<Bytes> for OneByOne {
    type Response = Bytes;
    type Future = BoxFuture<'static, Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let answer = Arc::clone(&self.0);
        Box::pin(async move {
            let ctx = caller(&request)?;
            let message = answer(ctx, request.into_inner()).await?;
            let short = message.len() < WORTH_COMPRESSING;
            let mut response = Response::new(message);
            if short {
                response.disable_compression();
            }
            Ok(response)
        })
    }
}

struct ManyByMany(Streams);

impl StreamingService<Bytes> for ManyByMany {
    type Response = Bytes;
    type ResponseStream = Messages<Bytes>;
    type Future = BoxFuture<'static, Result<Response<Messages<Bytes>>, Status>>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        let answer = Arc::clone(&self.0);
        Box::pin(async move {
            let ctx = caller(&request)?;
            let messages = Box::pin(request.into_inner());
            answer(ctx, messages).await.map(Response::new)
        })
    }
}

/// On whose behalf the call is.
fn caller<T>(request: &Request<T>) -> Result<Context, Status> {
    Context::of(request).map_err(|problem| problem.into_status(Uuid::nil()))
}
