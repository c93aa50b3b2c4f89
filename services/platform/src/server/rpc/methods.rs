//! The RPCs of one proto service, each as a function from bytes to bytes.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use prost::{Message, Name};
use tonic::{Code, Status};
use uuid::Uuid;

use rapport_proto::rapport::r#type::v1::ErrorReason;

use super::Messages;
use crate::error::Answer;
use crate::identity::Context;
use crate::problem::Problem;

/// Handlers that serve a proto service; [`rpcs!`](crate::rpcs) implements it.
pub trait Serve: Send + Sync + Sized + 'static {
    /// The full name of the service, such as `rapport.customer.v1.RoleService`.
    const SERVICE: &'static str;

    /// Lists the RPCs.
    fn list(methods: &mut Methods<Self>);
}

/// A handler's method.
type Handle<S, Req, Resp, E> = for<'a> fn(&'a S, Context, Req) -> BoxFuture<'a, Result<Resp, E>>;

/// Answers one message with one.
pub(super) type Unary =
    Arc<dyn Fn(Context, Bytes) -> BoxFuture<'static, Result<Bytes, Status>> + Send + Sync>;

/// Answers messages with messages.
pub(super) type Streams = Arc<
    dyn Fn(Context, Messages<Bytes>) -> BoxFuture<'static, Result<Messages<Bytes>, Status>>
        + Send
        + Sync,
>;

/// How an RPC is served.
#[derive(Clone)]
pub(super) enum Handler {
    Unary(Unary),
    Streams(Streams),
}

/// An RPC: what the protos must say of it, and how it is served.
pub(super) struct Method {
    pub(super) rpc: &'static str,
    /// Full names of the messages.
    pub(super) request: String,
    pub(super) answer: String,
    /// Whether the caller and we send more than one of them.
    pub(super) streams: [bool; 2],
    pub(super) handler: Handler,
}

/// The RPCs of a service, as its handlers list them.
pub struct Methods<S> {
    handlers: Arc<S>,
    pub(super) listed: Vec<Method>,
}

impl<S: Serve> Methods<S> {
    /// Those that `handlers` serves.
    pub(super) fn of(handlers: S) -> Self {
        let mut methods = Self {
            handlers: Arc::new(handlers),
            listed: Vec::new(),
        };
        S::list(&mut methods);
        methods
    }

    /// `rpc` takes a message and answers one.
    pub fn answers<Req, Resp, E>(&mut self, rpc: &'static str, handle: Handle<S, Req, Resp, E>)
    where
        Req: Message + Name + Default + 'static,
        Resp: Message + Name + 'static,
        E: Answer + 'static,
    {
        let handlers = Arc::clone(&self.handlers);
        let handler = Handler::Unary(Arc::new(move |ctx, message| {
            let handlers = Arc::clone(&handlers);
            Box::pin(async move {
                let call_id = ctx.call_id;
                let request = decode(&message, call_id)?;
                let answer = handle(&handlers, ctx, request).await;
                let answer = answer.map_err(|error| error.into_status(call_id))?;
                Ok(answer.encode_to_vec().into())
            })
        }));
        self.add::<Req, Resp>(rpc, [false, false], handler);
    }

    /// `rpc` takes a message and answers with a stream.
    pub fn streams_answers<Req, Resp, E>(
        &mut self,
        rpc: &'static str,
        handle: Handle<S, Req, Messages<Resp>, E>,
    ) where
        Req: Message + Name + Default + 'static,
        Resp: Message + Name + 'static,
        E: Answer + 'static,
    {
        let handlers = Arc::clone(&self.handlers);
        let handler = Handler::Streams(Arc::new(move |ctx, mut messages| {
            let handlers = Arc::clone(&handlers);
            Box::pin(async move {
                let call_id = ctx.call_id;
                let message = messages.next().await.transpose()?;
                let missing = || malformed("The call carries no message.", call_id);
                let request = decode(&message.ok_or_else(missing)?, call_id)?;
                let answers = handle(&handlers, ctx, request).await;
                let answers = answers.map_err(|error| error.into_status(call_id))?;
                Ok(encoded(answers))
            })
        }));
        self.add::<Req, Resp>(rpc, [false, true], handler);
    }

    /// `rpc` takes a stream and answers with one.
    pub fn streams<Req, Resp, E>(
        &mut self,
        rpc: &'static str,
        handle: Handle<S, Messages<Req>, Messages<Resp>, E>,
    ) where
        Req: Message + Name + Default + 'static,
        Resp: Message + Name + 'static,
        E: Answer + 'static,
    {
        let handlers = Arc::clone(&self.handlers);
        let handler = Handler::Streams(Arc::new(move |ctx, messages| {
            let handlers = Arc::clone(&handlers);
            Box::pin(async move {
                let call_id = ctx.call_id;
                let requests = messages.map(move |message| decode(&message?, call_id));
                let answers = handle(&handlers, ctx, Box::pin(requests)).await;
                let answers = answers.map_err(|error| error.into_status(call_id))?;
                Ok(encoded(answers))
            })
        }));
        self.add::<Req, Resp>(rpc, [true, true], handler);
    }

    fn add<Req: Name, Resp: Name>(
        &mut self,
        rpc: &'static str,
        streams: [bool; 2],
        handler: Handler,
    ) {
        self.listed.push(Method {
            rpc,
            request: Req::full_name(),
            answer: Resp::full_name(),
            streams,
            handler,
        });
    }
}

fn decode<T: Message + Default>(message: &Bytes, call_id: Uuid) -> Result<T, Status> {
    T::decode(message.as_ref()).map_err(|_| malformed("The message can't be read.", call_id))
}

fn encoded<T: Message + 'static>(answers: Messages<T>) -> Messages<Bytes> {
    Box::pin(answers.map(|answer| Ok(answer?.encode_to_vec().into())))
}

fn malformed(what: &str, call_id: Uuid) -> Status {
    let advice = format!("{what} Regenerate the client from the current protos.");
    let reason = ErrorReason::MalformedMessage;
    Problem::new(Code::InvalidArgument, reason, advice).into_status(call_id)
}
