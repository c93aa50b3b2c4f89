//! Preferences.

use rapport_platform::etag::Etag;
use rapport_proto::rapport::customer::v1 as proto;

use crate::domain::channel::{Channel, Purpose};
use crate::domain::invalid::InvalidFields;
use crate::domain::preferences::{Preference, PreferenceChange, Preferences, Scope};
use crate::resource::PREFERENCES;
use crate::store::entity::preference_set::Model;

/// Reads what a customer chose.
pub(in crate::grpc) fn parse(
    entries: &[proto::Preference],
) -> Result<Vec<PreferenceChange>, InvalidFields> {
    let mut faults = InvalidFields::default();
    let mut changes = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let proto::Preference {
            purpose,
            channel,
            choice,
            rank,
            recorder: _,
            record_time: _,
        } = entry;
        let change = PreferenceChange::parse(*purpose, *channel, *choice, *rank);
        changes.extend(faults.take(&format!("[{index}]"), change));
    }
    faults.finish(Some(changes))
}

/// All that a customer chose, with its version.
pub(in crate::grpc) fn to_proto(
    set: &Model,
    preferences: &Preferences,
    contact_times: Option<proto::ContactTimes>,
) -> proto::Preferences {
    proto::Preferences {
        name: PREFERENCES.format(&[set.customer_id]),
        entries: entries(preferences),
        update_time: set.update_time.map(Into::into),
        contact_times,
        etag: Etag::of(set.version),
    }
}

/// What a customer chose, in its order.
pub(in crate::grpc) fn entries(preferences: &Preferences) -> Vec<proto::Preference> {
    preferences
        .entries()
        .into_iter()
        .map(|(scope, it)| entry(scope, it))
        .collect()
}

fn entry(scope: Scope, it: &Preference) -> proto::Preference {
    proto::Preference {
        purpose: scope.purpose().map_or(0, Purpose::number),
        channel: scope.channel().number(),
        choice: it.choice().number(),
        rank: it.rank().number(),
        recorder: it.recorder().to_owned(),
        record_time: Some(it.record_time().into()),
    }
}

/// Channels by their numbers, in their order.
pub(in crate::grpc) fn numbers(channels: &[Channel]) -> Vec<i32> {
    channels.iter().copied().map(Channel::number).collect()
}
