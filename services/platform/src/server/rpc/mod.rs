//! From RPCs to the handlers' own methods.
//!
//! A handler is a method `async fn(&self, Context, Request) -> Result<Answer, Error>`.
//! [`rpcs!`](crate::rpcs) lists which one serves which RPC, so that none forgets whose data it may
//! see, or answers with an error that nobody mapped.
//!
//! gRPC's own part is done once for all RPCs, on bytes. A server that is generated for each service
//! repeats it for each RPC, which took a fifth of a service's build.

mod dispatch;
mod methods;
mod raw;

use std::pin::Pin;

use tokio::sync::mpsc::{self, Sender};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

pub use dispatch::Rpcs;
pub use methods::{Methods, Serve};
pub use raw::Raw;

/// Messages one after the other.
pub type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Lists which method of the handlers serves which RPC of a proto service. All of them have to be
/// there: [`Rpcs::serve`] compares the list with the protos.
///
/// ```ignore
/// rpcs! {
///     "rapport.customer.v1.ImportService" for Imports {
///         get_import_run(proto::GetImportRunRequest) -> proto::ImportRun = get;
///         export_customers(proto::ExportCustomersRequest)
///             -> stream proto::ExportCustomersResponse = export;
///     }
/// }
/// ```
#[macro_export]
macro_rules! rpcs {
    ($service:literal for $handlers:ident { $($rpcs:tt)* }) => {
        impl $crate::server::Serve for $handlers {
            const SERVICE: &'static str = $service;

            fn list(methods: &mut $crate::server::Methods<Self>) {
                $crate::rpcs!(@list methods $($rpcs)*);
            }
        }
    };
    (@list $methods:ident) => {};
    (@list $methods:ident
        $rpc:ident(stream $request:ty) -> stream $answer:ty = $method:ident; $($rest:tt)*) => {
        $methods.streams::<$request, $answer, _>(
            ::core::stringify!($rpc),
            |handlers, ctx, requests| ::std::boxed::Box::pin(handlers.$method(ctx, requests)),
        );
        $crate::rpcs!(@list $methods $($rest)*);
    };
    (@list $methods:ident
        $rpc:ident($request:ty) -> stream $answer:ty = $method:ident; $($rest:tt)*) => {
        $methods.streams_answers::<$request, $answer, _>(
            ::core::stringify!($rpc),
            |handlers, ctx, request| ::std::boxed::Box::pin(handlers.$method(ctx, request)),
        );
        $crate::rpcs!(@list $methods $($rest)*);
    };
    (@list $methods:ident
        $rpc:ident($request:ty) -> $answer:ty = $method:ident; $($rest:tt)*) => {
        $methods.answers::<$request, $answer, _>(
            ::core::stringify!($rpc),
            |handlers, ctx, request| ::std::boxed::Box::pin(handlers.$method(ctx, request)),
        );
        $crate::rpcs!(@list $methods $($rest)*);
    };
}

/// Answers that `work` sends one after the other. It stops when the caller is gone, because
/// then nobody takes them.
pub fn answering<T, W, F>(work: W) -> Messages<T>
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
