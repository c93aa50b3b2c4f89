//! Calls on their way from a caller to a service and back, as bytes.
//!
//! A call passes [`Front`] (headers put in order, the call named and watched), the platform's
//! layers (admission, deadline, panics) and [`Passage`] (judged, then handed on).

mod body;
mod compression;
mod first_message;
mod front;
mod headers;
mod passage;
mod settle;
mod watch;

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use rapport_platform::server::{Admission, DeadlineLayer, PanicLayer};
use tonic::body::Body;
use tonic::codegen::StdError;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceBuilder};

pub(crate) use first_message::Buffers;
pub(crate) use passage::{Passage, PassageParts};

use crate::config::LimitsConfig;
use crate::table::Table;
use front::Front;
use watch::Metrics;

/// The gateway as a service: what a listener hands calls to. Clones share everything.
#[derive(Clone, Debug)]
pub struct GatewayService(Front<BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>>);

impl GatewayService {
    pub(crate) fn new(
        passage: Passage,
        table: Arc<Table>,
        admission: Admission,
        limits: &LimitsConfig,
    ) -> Self {
        let inner = ServiceBuilder::new()
            .layer(admission)
            .layer(DeadlineLayer::new(limits.deadlines()))
            .layer(PanicLayer)
            .service(passage);
        let inner = BoxCloneSyncService::new(inner);
        Self(Front::new(
            inner,
            table,
            limits.stream_deadline,
            Metrics::new(),
        ))
    }
}

impl<B> Service<Request<B>> for GatewayService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.0.call(request.map(Body::new))
    }
}
