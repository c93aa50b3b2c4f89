//! From a generated service trait to the handlers' own methods.
//!
//! A handler is a method `async fn(&self, Context, Request) -> Result<Answer, Error>`.
//! [`rpcs!`](crate::rpcs) lists which one serves which RPC, so that none forgets whose data it may
//! see, or answers with an error that nobody mapped.

use std::pin::Pin;

use tokio::sync::mpsc::{self, Sender};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::error::Answer;
use crate::identity::Context;

/// Messages that are answered one after the other.
pub type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Implements a generated service trait: which method serves which RPC.
///
/// RPCs that answer with a stream stand in a list of their own, with the name of the trait's
/// stream type.
///
/// ```ignore
/// rpcs! {
///     ImportService for Imports {
///         get_import_run(proto::GetImportRunRequest) -> proto::ImportRun = get;
///     } streams {
///         export_customers(proto::ExportCustomersRequest)
///             -> ExportCustomersStream<proto::ExportCustomersResponse> = export;
///     }
/// }
/// ```
#[macro_export]
macro_rules! rpcs {
    ($service:ident for $handlers:ident {
        $($rpc:ident($request:ty) -> $answer:ty = $method:ident;)*
    } $(streams {
        $($stream_rpc:ident($stream_request:ty)
            -> $stream:ident<$item:ty> = $stream_method:ident;)+
    })?) => {
        #[::tonic::async_trait]
        impl $service for $handlers {
            $(
                async fn $rpc(
                    &self,
                    request: ::tonic::Request<$request>,
                ) -> ::core::result::Result<::tonic::Response<$answer>, ::tonic::Status> {
                    $crate::rpcs!(@serve $handlers, $method, $request, $answer, self, request)
                }
            )*
            $($(
                type $stream = $crate::server::Answers<$item>;

                async fn $stream_rpc(
                    &self,
                    request: ::tonic::Request<$stream_request>,
                ) -> ::core::result::Result<::tonic::Response<Self::$stream>, ::tonic::Status> {
                    $crate::rpcs!(
                        @serve $handlers, $stream_method, $stream_request,
                        $crate::server::Answers<$item>, self, request
                    )
                }
            )+)?
        }
    };
    // The future is boxed where no bounds are in scope. Under those that `async_trait` gives a
    // method, the compiler proves for each RPC anew that all that it calls is `Send`: three
    // quarters of a service's build.
    (@serve $handlers:ident, $method:ident, $request:ty, $answer:ty, $this:ident, $given:ident) => {{
        fn serve(
            handlers: &$handlers,
            request: ::tonic::Request<$request>,
        ) -> $crate::server::Answering<'_, $answer> {
            let handle = |ctx, request| handlers.$method(ctx, request);
            ::std::boxed::Box::pin($crate::server::answer(request, handle))
        }
        serve($this, $given).await
    }};
}

/// A call that is being answered.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send + 'a>>;

/// Runs a handler as the caller, and makes a status of its error.
///
/// # Errors
/// What the handler's error becomes; `UNAUTHENTICATED` for a call without an identity.
pub async fn answer<Req, Resp, E, F>(
    request: Request<Req>,
    handler: impl FnOnce(Context, Req) -> F,
) -> Result<Response<Resp>, Status>
where
    F: Future<Output = Result<Resp, E>> + Send,
    E: Answer,
{
    let ctx = Context::of(&request).map_err(|problem| problem.into_status(Uuid::nil()))?;
    let call_id = ctx.call_id;
    let answer = handler(ctx, request.into_inner()).await;
    answer
        .map(Response::new)
        .map_err(|error| error.into_status(call_id))
}

/// Answers that `work` sends one after the other. It stops when the caller is gone, because
/// then nobody takes them.
pub fn answering<T, W, F>(work: W) -> Answers<T>
where
    T: Send + 'static,
    W: FnOnce(Sender<Result<T, Status>>) -> F,
    F: Future<Output = Result<(), Status>> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(1);
    let working = work(sender.clone());
    tokio::spawn(async move {
        tokio::select! {
            ended = working => {
                if let Err(status) = ended {
                    let _ = sender.send(Err(status)).await;
                }
            }
            () = sender.closed() => {}
        }
    });
    Box::pin(ReceiverStream::new(receiver))
}
