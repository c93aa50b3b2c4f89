//! `PreferenceService`.

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::preference_service_server::PreferenceService;
use sea_orm::ConnectionTrait;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::convert::contact_times;
use super::convert::preference as convert;
use super::{Shared, answer};
use crate::error::{Error, faults_of};
use crate::events;
use crate::resource::PREFERENCES;
use crate::store::contact::times;
use crate::store::{customer, preference};

/// Keeps how customers want to be contacted.
pub(crate) struct PreferencesOfCustomers(pub(crate) Shared);

#[tonic::async_trait]
impl PreferenceService for PreferencesOfCustomers {
    async fn get_preferences(
        &self,
        request: Request<proto::GetPreferencesRequest>,
    ) -> Result<Response<proto::Preferences>, Status> {
        answer(request, |ctx, request| self.get(ctx, request)).await
    }

    async fn set_preferences(
        &self,
        request: Request<proto::SetPreferencesRequest>,
    ) -> Result<Response<proto::Preferences>, Status> {
        answer(request, |ctx, request| self.set(ctx, request)).await
    }

    async fn set_contact_times(
        &self,
        request: Request<proto::SetContactTimesRequest>,
    ) -> Result<Response<proto::Preferences>, Status> {
        answer(request, |ctx, request| self.set_times(ctx, request)).await
    }
}

impl PreferencesOfCustomers {
    async fn get(
        &self,
        ctx: Context,
        request: proto::GetPreferencesRequest,
    ) -> Result<proto::Preferences, Error> {
        let [customer_id] = PREFERENCES.parse("name", &request.name)?;
        let db = self.0.db.read();
        customer::get(&ctx, db, customer_id).await?;
        let set = preference::version(&ctx, db, customer_id).await?;
        let preferences = preference::all(&ctx, db, customer_id).await?;
        let times = of_customer(&ctx, db, customer_id).await?;
        Ok(convert::to_proto(&set, &preferences, times))
    }

    async fn set(
        &self,
        ctx: Context,
        request: proto::SetPreferencesRequest,
    ) -> Result<proto::Preferences, Error> {
        let [customer_id] = PREFERENCES.parse("name", &request.name)?;
        let changes = &convert::parse(&request.entries).map_err(faults_of("entries"))?;
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        self.0
            .once(ctx, &request, |txn| async move {
                customer::require_live(ctx, &*txn, customer_id).await?;
                let set = preference::lock(ctx, &txn, customer_id).await?;
                Etag::check(name, etag, set.version)?;
                let before = preference::all(ctx, &*txn, customer_id).await?;
                let mut after = before.clone();
                after
                    .apply(changes, ctx.actor.as_str(), ctx.now)
                    .map_err(faults_of("entries"))?;
                let times = of_customer(ctx, &*txn, customer_id).await?;
                if after == before {
                    return Ok(convert::to_proto(&set, &before, times));
                }
                let set = preference::replace(ctx, &txn, set, &after).await?;
                let preferences = convert::to_proto(&set, &after, times);
                let changed = events::preferences_changed(&preferences, set.version);
                outbox::append(&txn, ctx, &[changed]).await?;
                Ok(preferences)
            })
            .await
    }

    async fn set_times(
        &self,
        ctx: Context,
        request: proto::SetContactTimesRequest,
    ) -> Result<proto::Preferences, Error> {
        let [customer_id] = PREFERENCES.parse("name", &request.name)?;
        let sent = request.contact_times.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("contact_times"))?;
        let times = contact_times::parse(sent).map_err(faults_of("contact_times"))?;
        // As everybody reads it, whatever notation was sent.
        let times = &contact_times::write(&times);
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        self.0
            .once(ctx, &request, |txn| async move {
                customer::require_live(ctx, &*txn, customer_id).await?;
                let set = preference::lock(ctx, &txn, customer_id).await?;
                Etag::check(name, etag, set.version)?;
                let before = of_customer(ctx, &*txn, customer_id).await?;
                let preferences = preference::all(ctx, &*txn, customer_id).await?;
                if before.as_ref() == Some(times) {
                    return Ok(convert::to_proto(&set, &preferences, before));
                }
                times::replace(ctx, &txn, customer_id, times).await?;
                let set = preference::touch(ctx, &txn, set).await?;
                let preferences = convert::to_proto(&set, &preferences, Some(times.clone()));
                let changed = events::preferences_changed(&preferences, set.version);
                outbox::append(&txn, ctx, &[changed]).await?;
                Ok(preferences)
            })
            .await
    }
}

/// When and how often a customer wants to be contacted; none if it never said.
async fn of_customer(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Uuid,
) -> Result<Option<proto::ContactTimes>, Error> {
    Ok(times::of_customers(ctx, db, &[customer])
        .await?
        .remove(&customer))
}
