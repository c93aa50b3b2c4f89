//! `PreferenceService`.

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::preference_service_server::PreferenceService;
use tonic::{Request, Response, Status};

use super::convert::preference as convert;
use super::{Shared, answer};
use crate::domain::channel::{Channel, Purpose};
use crate::error::{Error, faults_of};
use crate::events;
use crate::resource::{CUSTOMER, PREFERENCES, customer as customer_name};
use crate::store::identity::group;
use crate::store::standing::Standing;
use crate::store::{preference, standing};

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

    async fn check_contact(
        &self,
        request: Request<proto::CheckContactRequest>,
    ) -> Result<Response<proto::CheckContactResponse>, Status> {
        answer(request, |ctx, request| self.check(ctx, request)).await
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
        let group = group::of(&ctx, db, customer_id).await?;
        let set = preference::version(&ctx, db, group.id()).await?;
        let preferences = preference::of_group(&ctx, db, &group).await?;
        Ok(convert::to_proto(&set, &preferences))
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
                let group = group::of_live(ctx, &*txn, customer_id).await?;
                let set = preference::lock(ctx, &txn, group.id()).await?;
                Etag::check(name, etag, set.version)?;
                let mut chosen = preference::of_customers(ctx, &*txn, &group.members()).await?;
                let before = chosen.get(&group.id()).cloned().unwrap_or_default();
                let after = preference::revise(ctx, &before, group.last_joined(), changes)
                    .map_err(faults_of("entries"))?;
                if after == before {
                    return Ok(convert::to_proto(
                        &set,
                        &preference::merged(&group, &chosen),
                    ));
                }
                let set = preference::replace(ctx, &txn, set, &after).await?;
                chosen.insert(group.id(), after);
                let preferences = convert::to_proto(&set, &preference::merged(&group, &chosen));
                let changed = events::preferences_changed(&preferences, set.version);
                outbox::append(&txn, ctx, &[changed]).await?;
                Ok(preferences)
            })
            .await
    }

    /// The gateway waits for this before every outreach: two short reads, no more.
    async fn check(
        &self,
        ctx: Context,
        request: proto::CheckContactRequest,
    ) -> Result<proto::CheckContactResponse, Error> {
        let proto::CheckContactRequest {
            customer,
            channel,
            purpose,
        } = request;
        let [customer_id] = CUSTOMER.parse("customer", &customer)?;
        let channel = Channel::try_from(channel).map_err(|fault| fault.at("channel"))?;
        let purpose = Purpose::try_from(purpose).map_err(|fault| fault.at("purpose"))?;
        let db = self.0.db.read();
        let Standing {
            deleted,
            preferences,
            members,
        } = standing::of(&ctx, db, customer_id).await?;
        if deleted {
            return Err(Error::not_found(customer_name(customer_id)));
        }
        let reachable = standing::reachable(&ctx, db, &members).await?;
        Ok(convert::decision(
            &preferences.decide(reachable, channel, purpose),
        ))
    }
}
