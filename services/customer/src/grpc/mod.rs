//! One file per proto service. A handler reads the message into the domain, runs one
//! transaction over the store, and writes the answer: rules live in the domain, statements in
//! the store.

mod attribute;
mod contact_point;
mod conversation;
pub(crate) mod convert;
mod customer;
mod interaction;
mod lifecycle;
mod message;
mod preference;
mod role;
mod view;

use rapport_platform::db::Database;
use rapport_platform::error::Answer as _;
use rapport_platform::identity::Context;
use rapport_platform::paging::PageTokens;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::domain::region::Region;
use crate::error::Error;

/// What every handler works with. Clones share it.
#[derive(Clone)]
pub(crate) struct Shared {
    /// The service's rows.
    pub(crate) db: Database,
    /// Makes and reads page tokens.
    pub(crate) page_tokens: PageTokens,
    /// The region of local phone numbers when nothing else tells.
    pub(crate) default_region: Region,
}

/// Runs a handler as the caller, and makes a status of its error.
///
/// Every method of every service is one call of this, so that none forgets whose data it may
/// see, or answers with an error that nobody mapped.
pub(crate) async fn answer<Req, Resp, F>(
    request: Request<Req>,
    handler: impl FnOnce(Context, Req) -> F,
) -> Result<Response<Resp>, Status>
where
    F: Future<Output = Result<Resp, Error>> + Send,
{
    let ctx = Context::of(&request).map_err(|problem| problem.into_status(Uuid::nil()))?;
    let call_id = ctx.call_id;
    let answer = handler(ctx, request.into_inner()).await;
    answer
        .map(Response::new)
        .map_err(|error| error.into_status(call_id))
}
