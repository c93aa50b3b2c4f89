//! What each tenant has one of, in versions: read, and set anew.

use prost::Message;
use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::invalid::InvalidFields;
use rapport_platform::outbox::{self, NewEvent};
use rapport_proto::RequestId;
use sea_orm::{EntityTrait, IntoActiveModel};

use super::Shared;
use crate::error::{Error, faults_of};
use crate::store::rows::insert_all;
use crate::store::versions::{Versions, latest};

/// A policy.
pub(super) trait Policy:
    Versions<Model: IntoActiveModel<<Self as EntityTrait>::ActiveModel>, ActiveModel: Send>
{
    /// How callers see it.
    type Proto: Message + Default;
    /// What it says.
    type Says: Sync;
    /// Its name: `dunningPolicy`.
    const NAME: &'static str;
    /// The field of requests that holds it.
    const FIELD: &'static str;

    /// The name and the etag that were sent.
    fn sent(sent: &Self::Proto) -> (&str, &str);
    /// What was sent.
    fn parse(sent: &Self::Proto) -> Result<Self::Says, InvalidFields>;
    /// The row of a version that says this.
    fn row(ctx: &Context, version: i64, says: &Self::Says) -> Self::Model;
    /// The version of a row.
    fn version(row: &Self::Model) -> i64;
    /// The policy in a row, or what holds before there is one.
    fn to_proto(row: Option<Self::Model>) -> Result<Self::Proto, Error>;
    /// It was set.
    fn changed(set: &Self::Proto, version: i64) -> NewEvent;
}

/// Refuses any other name than the policy's.
pub(super) fn named<P: Policy>(field: &str, name: &str) -> Result<(), Error> {
    if name == P::NAME {
        return Ok(());
    }
    Err(Error::invalid(field, format!("must be `{}`", P::NAME)))
}

impl Shared {
    /// The policy that holds now.
    pub(super) async fn policy<P: Policy>(
        &self,
        ctx: &Context,
        name: &str,
    ) -> Result<P::Proto, Error> {
        named::<P>("name", name)?;
        P::to_proto(latest::<P>(ctx, self.db.read()).await?)
    }

    /// Sets the policy anew. Of two who do so at once, the second runs again.
    pub(super) async fn set_policy<P: Policy, Req: RequestId>(
        &self,
        ctx: &Context,
        request: &Req,
        sent: Option<&P::Proto>,
    ) -> Result<P::Proto, Error> {
        let sent = sent.ok_or_else(|| Error::missing(P::FIELD))?;
        let (name, etag) = P::sent(sent);
        if !name.is_empty() {
            named::<P>(&format!("{}.name", P::FIELD), name)?;
        }
        let says = &P::parse(sent).map_err(faults_of(P::FIELD))?;
        self.once(ctx, request, |txn| async move {
            let before = latest::<P>(ctx, &*txn).await?;
            let version = before.as_ref().map_or(0, P::version);
            Etag::check(P::NAME, etag, version)?;
            let row = P::row(ctx, version + 1, says);
            insert_all::<P>(&txn, vec![row.clone()]).await?;
            let set = P::to_proto(Some(row))?;
            outbox::append(&txn, ctx, &[P::changed(&set, version + 1)]).await?;
            Ok(set)
        })
        .await
    }
}
