//! A service behind the gateway that remembers what reached it.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as Task, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{Stream, StreamExt as _, stream};
use http::HeaderMap;
use http_body::Frame;
use http_body_util::StreamBody;
use rapport_platform::identity::Context;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::server::{
    ClientStreamingService, Grpc, NamedService, ServerStreamingService, StreamingService,
    UnaryService,
};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

/// The message of every RPC of the test's protos.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Note {
    #[prost(string, tag = "1")]
    pub customer: String,
    #[prost(int32, tag = "2")]
    pub channel: i32,
    #[prost(int32, tag = "3")]
    pub purpose: i32,
    #[prost(bytes = "bytes", tag = "4")]
    pub text: Bytes,
    #[prost(string, tag = "5")]
    pub tenant: String,
    #[prost(int32, tag = "6")]
    pub number: i32,
}

/// What reached the service. Clones share it.
#[derive(Clone, Default)]
pub struct Notes(Arc<State>);

#[derive(Default)]
struct State {
    calls: Mutex<Vec<Call>>,
    /// Calls that wait now.
    waiting: AtomicUsize,
    /// How `Send` ends from now on; well when not set.
    failure: Mutex<Option<Code>>,
}

/// One call as it reached the service.
#[derive(Clone)]
pub struct Call {
    pub headers: HeaderMap,
    pub tenant: String,
    pub actor: String,
}

impl Notes {
    /// The calls that reached the service.
    pub fn calls(&self) -> Vec<Call> {
        self.0.calls.lock().unwrap().clone()
    }

    /// How calls of `Send` fail from now on.
    pub fn will_fail(&self, code: Code) {
        *self.0.failure.lock().unwrap() = Some(code);
    }

    /// How many calls of `Wait` are under way.
    pub fn waiting(&self) -> usize {
        self.0.waiting.load(Ordering::SeqCst)
    }

    fn remember(&self, request: &http::Request<Body>) {
        let context = request.extensions().get::<Context>().unwrap();
        self.0.calls.lock().unwrap().push(Call {
            headers: request.headers().clone(),
            tenant: context.tenant.to_string(),
            actor: context.actor.to_string(),
        });
    }
}

impl NamedService for Notes {
    const NAME: &'static str = "test.v1.Notes";
}

impl tower::Service<http::Request<Body>> for Notes {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Task<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        self.remember(&request);
        let notes = self.clone();
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<Note, Note>::default())
                .accept_compressed(CompressionEncoding::Gzip);
            Ok(match request.uri().path() {
                "/test.v1.Notes/Wait" => grpc.unary(Wait(notes), request).await,
                "/test.v1.Notes/Count" => grpc.server_streaming(Count, request).await,
                "/test.v1.Notes/Sum" => grpc.client_streaming(Sum, request).await,
                "/test.v1.Notes/Chat" => grpc.streaming(Chat, request).await,
                "/test.v1.Notes/Lose" => lost(),
                "/test.v1.Notes/Send" => grpc.unary(Deliver(notes), request).await,
                _ => grpc.unary(Echo, request).await,
            })
        })
    }
}

struct Deliver(Notes);

impl UnaryService<Note> for Deliver {
    type Response = Note;
    type Future = BoxFuture<'static, Result<Response<Note>, Status>>;

    fn call(&mut self, request: Request<Note>) -> Self::Future {
        let failure = *self.0.0.failure.lock().unwrap();
        Box::pin(async move {
            match failure {
                Some(code) => Err(Status::new(code, "as the test wants it")),
                None => Ok(Response::new(request.into_inner())),
            }
        })
    }
}

struct Echo;

impl UnaryService<Note> for Echo {
    type Response = Note;
    type Future = BoxFuture<'static, Result<Response<Note>, Status>>;

    fn call(&mut self, request: Request<Note>) -> Self::Future {
        Box::pin(async move { Ok(Response::new(request.into_inner())) })
    }
}

/// Answers never.
struct Wait(Notes);

struct Waiting(Notes);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl UnaryService<Note> for Wait {
    type Response = Note;
    type Future = BoxFuture<'static, Result<Response<Note>, Status>>;

    fn call(&mut self, _: Request<Note>) -> Self::Future {
        self.0.0.waiting.fetch_add(1, Ordering::SeqCst);
        let waiting = Waiting(self.0.clone());
        Box::pin(async move {
            std::future::pending::<()>().await;
            drop(waiting);
            Err(Status::unknown("never"))
        })
    }
}

type Notice = std::pin::Pin<Box<dyn Stream<Item = Result<Note, Status>> + Send>>;

/// Counts to the number.
struct Count;

impl ServerStreamingService<Note> for Count {
    type Response = Note;
    type ResponseStream = Notice;
    type Future = BoxFuture<'static, Result<Response<Notice>, Status>>;

    fn call(&mut self, request: Request<Note>) -> Self::Future {
        let numbers = 1..=request.into_inner().number;
        let notes = numbers.map(|number| {
            Ok(Note {
                number,
                ..Note::default()
            })
        });
        Box::pin(async move { Ok(Response::new(stream::iter(notes).boxed())) })
    }
}

/// Adds the numbers of all messages.
struct Sum;

impl ClientStreamingService<Note> for Sum {
    type Response = Note;
    type Future = BoxFuture<'static, Result<Response<Note>, Status>>;

    fn call(&mut self, request: Request<Streaming<Note>>) -> Self::Future {
        Box::pin(async move {
            let mut notes = request.into_inner();
            let mut number = 0;
            while let Some(note) = notes.message().await? {
                number += note.number;
            }
            Ok(Response::new(Note {
                number,
                ..Note::default()
            }))
        })
    }
}

/// Sends every message back with the next number.
struct Chat;

impl StreamingService<Note> for Chat {
    type Response = Note;
    type ResponseStream = Notice;
    type Future = BoxFuture<'static, Result<Response<Notice>, Status>>;

    fn call(&mut self, request: Request<Streaming<Note>>) -> Self::Future {
        let answers = request.into_inner().map(|note| {
            let note = note?;
            Ok(Note {
                number: note.number + 1,
                ..note
            })
        });
        Box::pin(async move { Ok(Response::new(answers.boxed())) })
    }
}

/// Breaks off after the first message.
fn lost() -> http::Response<Body> {
    let frames: Vec<Result<Frame<Bytes>, Status>> = vec![
        Ok(Frame::data(Bytes::from_static(&[0, 0, 0, 0, 0]))),
        Err(Status::internal("connection reset by peer")),
    ];
    let mut response = http::Response::new(Body::new(StreamBody::new(stream::iter(frames))));
    let content_type = http::HeaderValue::from_static("application/grpc");
    response.headers_mut().insert("content-type", content_type);
    response
}
