//! The customer service, as far as the gateway asks it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context as Task, Poll};

use futures::future::BoxFuture;
use http::HeaderMap;
use rapport_platform::identity::Context;
use rapport_proto::rapport::customer::v1::{CheckContactRequest, CheckContactResponse};
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// A customer who can be asked about.
pub const CUSTOMER: &str = "customers/0199a3c8-0000-7000-8000-000000000001";

/// Answers as it was told, and remembers the questions. Clones share both.
#[derive(Clone, Default)]
pub struct Customers(Arc<State>);

#[derive(Default)]
struct State {
    answer: Mutex<Option<Result<CheckContactResponse, Status>>>,
    questions: Mutex<Vec<(CheckContactRequest, Context, HeaderMap)>>,
}

impl Customers {
    /// The answer to every question from now on; without one, every contact is welcome.
    pub fn will_answer(&self, answer: Result<CheckContactResponse, Status>) {
        *self.0.answer.lock().unwrap() = Some(answer);
    }

    /// What was asked, by whom.
    pub fn questions(&self) -> Vec<(CheckContactRequest, Context, HeaderMap)> {
        self.0.questions.lock().unwrap().clone()
    }
}

impl NamedService for Customers {
    const NAME: &'static str = "rapport.customer.v1.PreferenceService";
}

impl tower::Service<http::Request<Body>> for Customers {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Task<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let customers = self.clone();
        Box::pin(async move {
            Ok(Grpc::new(ProstCodec::default())
                .unary(customers, request)
                .await)
        })
    }
}

impl UnaryService<CheckContactRequest> for Customers {
    type Response = CheckContactResponse;
    type Future = BoxFuture<'static, Result<Response<CheckContactResponse>, Status>>;

    fn call(&mut self, request: Request<CheckContactRequest>) -> Self::Future {
        let context = Context::of(&request).unwrap();
        let headers = request.metadata().clone().into_headers();
        let question = (request.into_inner(), context, headers);
        self.0.questions.lock().unwrap().push(question);
        let answer = self.0.answer.lock().unwrap().clone();
        let welcome = CheckContactResponse {
            allowed: true,
            ..Default::default()
        };
        Box::pin(async move { answer.unwrap_or(Ok(welcome)).map(Response::new) })
    }
}
