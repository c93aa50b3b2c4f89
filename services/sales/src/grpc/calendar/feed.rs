//! `CalendarFeedService`.

use rapport_platform::identity::Context;
use rapport_platform::key::SecretKey;
use rapport_platform::{outbox, rpcs};
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::access;
use super::export::written;
use crate::domain::seller::SellerState;
use crate::error::Error;
use crate::events::calendar as events;
use crate::grpc::Shared;
use crate::resource::CALENDAR_FEED;
use crate::store::calendar::feed;
use crate::store::entity::calendar_feed;
use crate::store::seller;

/// Lets programs read calendars.
pub(crate) struct CalendarFeeds(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.CalendarFeedService" for CalendarFeeds {
        get_calendar_feed(proto::GetCalendarFeedRequest) -> proto::CalendarFeed = get;
        rotate_calendar_feed(proto::RotateCalendarFeedRequest) -> proto::CalendarFeed = rotate;
        revoke_calendar_feed(proto::RevokeCalendarFeedRequest) -> proto::CalendarFeed = revoke;
        read_calendar_feed(proto::ReadCalendarFeedRequest) -> proto::CalendarExport = read;
    }
}

impl CalendarFeeds {
    async fn read(
        &self,
        ctx: Context,
        request: proto::ReadCalendarFeedRequest,
    ) -> Result<proto::CalendarExport, Error> {
        // All that is told about a bad token: whoever tries some learns nothing.
        let fault = || {
            Error::invalid(
                "token",
                "is none of our tokens: use the address as it was made",
            )
        };
        let tenant = ctx.tenant.to_string();
        let secret = request.token.strip_prefix(&tenant);
        let secret = secret
            .and_then(|it| it.strip_prefix('.'))
            .ok_or_else(fault)?;
        let db = self.0.db.read();
        let row = feed::of_secret(&ctx, db, &hash(secret)).await?;
        let row = row.ok_or_else(fault)?;
        let owner = row.seller_id;
        if seller::get(&ctx, db, owner).await?.state != SellerState::Active.code() {
            return Err(fault());
        }
        // What is private is for those only to whom the owner gave the address himself.
        let reader = Some(owner).filter(|_| row.own);
        written(&ctx, db, (owner, reader)).await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetCalendarFeedRequest,
    ) -> Result<proto::CalendarFeed, Error> {
        let [id] = CALENDAR_FEED.parse("name", &request.name)?;
        let db = self.0.db.read();
        access::require_own(&ctx, db, id).await?;
        let row = feed::of_seller(&ctx, db, id).await?;
        row.map(to_proto)
            .ok_or_else(|| Error::not_found(request.name))
    }

    async fn rotate(
        &self,
        ctx: Context,
        request: proto::RotateCalendarFeedRequest,
    ) -> Result<proto::CalendarFeed, Error> {
        let [id] = CALENDAR_FEED.parse("name", &request.name)?;
        let (ctx, key) = (&ctx, &self.0.feed_key);
        let made = self.0.once(ctx, &request, |txn| async move {
            let caller = access::require_own(ctx, &*txn, id).await?;
            let next = feed::next(ctx, &*txn, id).await?;
            let row = calendar_feed::Model {
                secret_hash: Some(hash(&secret(key, &next))),
                own: caller.is_some(),
                ..next
            };
            feed::write(&txn, &row).await?;
            tell(ctx, &txn, &row).await?;
            Ok(to_proto(row))
        });
        let made = made.await?;
        // The answer that is kept for a repeated request has no secret in it: it is made again.
        let row = feed::of_seller(ctx, self.0.db.read(), id).await?;
        let row = row.filter(|it| to_proto(it.clone()) == made);
        let secret = row.and_then(|row| {
            let secret = secret(key, &row);
            (row.secret_hash == Some(hash(&secret))).then_some(secret)
        });
        let token = secret.map(|it| format!("{}.{it}", ctx.tenant));
        let uri = token.as_ref().zip(self.0.public_url.as_ref());
        let uri = uri.map(|(token, url)| url.at(&format!("/f/{token}.ics")));
        Ok(proto::CalendarFeed {
            token: token.unwrap_or_default(),
            uri: uri.unwrap_or_default(),
            ..made
        })
    }

    async fn revoke(
        &self,
        ctx: Context,
        request: proto::RevokeCalendarFeedRequest,
    ) -> Result<proto::CalendarFeed, Error> {
        let [id] = CALENDAR_FEED.parse("name", &request.name)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                access::require_own(ctx, &*txn, id).await?;
                end(ctx, &txn, id).await.map(to_proto)
            })
            .await
    }
}

/// Ends the address of a seller's feed.
pub(in crate::grpc) async fn end(
    ctx: &Context,
    txn: &DatabaseTransaction,
    seller: Uuid,
) -> Result<calendar_feed::Model, Error> {
    let row = feed::next(ctx, txn, seller).await?;
    feed::write(txn, &row).await?;
    tell(ctx, txn, &row).await?;
    Ok(row)
}

async fn tell(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: &calendar_feed::Model,
) -> Result<(), Error> {
    let fact = proto::CalendarFeedChanged {
        seller: crate::resource::seller(row.seller_id),
        active: row.secret_hash.is_some(),
    };
    let name = CALENDAR_FEED.format(&[row.seller_id]);
    let event = events::feed_changed(&name, &fact, row.version);
    Ok(outbox::append(txn, ctx, &[event]).await?)
}

fn to_proto(row: calendar_feed::Model) -> proto::CalendarFeed {
    proto::CalendarFeed {
        name: CALENDAR_FEED.format(&[row.seller_id]),
        active: row.secret_hash.is_some(),
        token: String::new(),
        uri: String::new(),
        update_time: Some(row.update_time.into()),
    }
}

/// What nobody knows who has not the key, as addresses may have it: of each version of a feed another.
fn secret(key: &SecretKey, row: &calendar_feed::Model) -> String {
    let version = format!(
        "{}/{}/{}/{}",
        row.tenant_id,
        row.seller_id,
        row.version,
        row.update_time.as_micros()
    );
    let key = key.derived(version.as_bytes()).to_base64();
    key.trim_end_matches('=')
        .replace('+', "-")
        .replace('/', "_")
}

fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}
