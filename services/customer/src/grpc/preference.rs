//! `PreferenceService`.

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;

use super::Shared;
use super::convert::contact_times;
use super::convert::preference as convert;
use crate::error::{Error, faults_of};
use crate::events;
use crate::resource::PREFERENCES;
use crate::store::contact::times;
use crate::store::identity::group;
use crate::store::preference;

/// Keeps how customers want to be contacted.
pub(crate) struct PreferencesOfCustomers(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.PreferenceService" for PreferencesOfCustomers {
        get_preferences(proto::GetPreferencesRequest) -> proto::Preferences = get;
        set_preferences(proto::SetPreferencesRequest) -> proto::Preferences = set;
        set_contact_times(proto::SetContactTimesRequest) -> proto::Preferences = set_times;
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
        let times = times::of_customer(&ctx, db, group.id()).await?;
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
                let group = group::of_live(ctx, &*txn, customer_id).await?;
                let set = preference::lock(ctx, &txn, group.id()).await?;
                Etag::check(name, etag, set.version)?;
                let mut chosen = preference::of_customers(ctx, &*txn, &group.members()).await?;
                let before = chosen.get(&group.id()).cloned().unwrap_or_default();
                let after = preference::revise(ctx, &before, group.last_joined(), changes)
                    .map_err(faults_of("entries"))?;
                let times = times::of_customer(ctx, &*txn, group.id()).await?;
                if after == before {
                    let all = preference::merged(&group, &chosen);
                    return Ok(convert::to_proto(&set, &all, times));
                }
                let set = preference::replace(ctx, &txn, set, &after).await?;
                chosen.insert(group.id(), after);
                let all = preference::merged(&group, &chosen);
                let preferences = convert::to_proto(&set, &all, times);
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
                let group = group::of_live(ctx, &*txn, customer_id).await?;
                let set = preference::lock(ctx, &txn, group.id()).await?;
                Etag::check(name, etag, set.version)?;
                let preferences = preference::of_group(ctx, &*txn, &group).await?;
                let joined = group.last_joined();
                // What was said before others joined was said for itself alone.
                let said = times::said_since(ctx, &*txn, group.id(), joined).await?;
                if said.as_ref() == Some(times) {
                    return Ok(convert::to_proto(&set, &preferences, said));
                }
                times::replace(ctx, &txn, group.id(), joined, times).await?;
                let set = preference::write_version(ctx, &txn, set).await?;
                let preferences = convert::to_proto(&set, &preferences, Some(times.clone()));
                let changed = events::preferences_changed(&preferences, set.version);
                outbox::append(&txn, ctx, &[changed]).await?;
                Ok(preferences)
            })
            .await
    }
}
