//! What a run's journal says of one customer.

use rapport_platform::identity::Context;
use sea_orm::prelude::Json;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::unreadable_journal;
use crate::domain::import::JournalEntry;
use crate::domain::preferences::Preferences;
use crate::error::Error;
use crate::store::customer::{Merged, Record};
use crate::store::entity::import_journal::Model;
use crate::store::entity::{
    customer, customer_external_id as external, preference as preference_row,
};
use crate::store::preference;

/// What a batch did to one customer.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) customer: Uuid,
    /// The customer before the batch; none when the batch created it.
    pub(crate) before: Option<Record>,
    /// Its version after the batch.
    pub(crate) version: i64,
    /// Contact points added.
    pub(crate) contact_points: Vec<Uuid>,
    /// Interactions appended.
    pub(crate) interactions: Vec<Uuid>,
    /// Its preferences, if the batch changed them.
    pub(crate) preferences: Option<Chosen>,
}

/// A change of preferences.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    /// What the customer had chosen before.
    pub(crate) before: Preferences,
    /// The version that the batch found; 0 while nothing was ever chosen.
    pub(crate) found: i64,
    /// The version that it left.
    pub(crate) left: i64,
}

impl Done {
    /// A customer that the batch created.
    pub(crate) fn created(record: &Record) -> Self {
        let Record { row, .. } = record;
        Self {
            customer: row.customer_id,
            before: None,
            version: row.version,
            contact_points: Vec::new(),
            interactions: Vec::new(),
            preferences: None,
        }
    }

    /// A customer that was there and is at `version` now, which may be what it was.
    pub(crate) fn changed(before: Record, version: i64) -> Self {
        let created = Self::created(&before);
        Self {
            before: Some(before),
            version,
            ..created
        }
    }

    /// Whether there is anything to take back.
    pub(crate) fn is_worth_a_note(&self) -> bool {
        let Self {
            customer: _,
            before,
            version,
            contact_points,
            interactions,
            preferences,
        } = self;
        before
            .as_ref()
            .is_none_or(|before| before.row.version != *version)
            || !contact_points.is_empty()
            || !interactions.is_empty()
            || preferences.is_some()
    }
}

/// A customer as the journal keeps it.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    row: customer::Model,
    external_ids: Vec<external::Model>,
}

/// Preferences as the journal keeps them.
#[derive(Serialize, Deserialize)]
struct ChosenBefore {
    entries: Vec<preference_row::Model>,
    left: Option<i64>,
}

/// One entry of a run's journal.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) customer: Uuid,
    pub(super) change: JournalEntry<Record>,
    pub(super) contact_points: Vec<Uuid>,
    pub(super) interactions: Vec<Uuid>,
    pub(super) interaction_count: i64,
    pub(super) preferences: Option<JournalEntry<Preferences>>,
}

impl Entry {
    /// Whether the run created the customer.
    pub(super) fn is_of_new(&self) -> bool {
        self.change.before().is_none()
    }
}

/// The entry after another batch; the first one when there is none yet.
pub(super) fn merged(earlier: Option<Entry>, done: Done) -> Entry {
    let Done {
        customer,
        before,
        version,
        contact_points,
        interactions,
        preferences,
    } = done;
    let interaction_count = interactions.len() as i64;
    let mut entry = match earlier {
        Some(earlier) => {
            let found = before.map_or(version, |before| before.row.version);
            Entry {
                change: earlier.change.clone().again(found, version),
                ..earlier
            }
        }
        None => Entry {
            customer,
            change: match before {
                Some(before) => JournalEntry::updated(before, version),
                None => JournalEntry::created(version),
            },
            contact_points: Vec::new(),
            interactions: Vec::new(),
            interaction_count: 0,
            preferences: None,
        },
    };
    entry.contact_points.extend(contact_points);
    // A customer that goes takes its interactions along; only of others are they listed.
    if !entry.is_of_new() {
        entry.interactions.extend(interactions);
    }
    entry.interaction_count += interaction_count;
    if let Some(chosen) = preferences {
        entry.preferences = Some(chosen_again(&entry, chosen));
    }
    entry
}

fn chosen_again(entry: &Entry, chosen: Chosen) -> JournalEntry<Preferences> {
    let Chosen {
        before,
        found,
        left,
    } = chosen;
    match &entry.preferences {
        Some(earlier) => earlier.clone().again(found, left),
        // A new customer has chosen nothing, unless it told somebody else before.
        None if entry.is_of_new() => {
            JournalEntry::updated(Preferences::default(), 0).again(found, left)
        }
        None => JournalEntry::updated(before, left),
    }
}

/// The entry as a row.
pub(super) fn write(ctx: &Context, run: Uuid, entry: Entry) -> Result<Model, Error> {
    let before = entry.change.before().map(|record| Snapshot {
        row: record.row.clone(),
        external_ids: record.external_ids.clone(),
    });
    Ok(Model {
        tenant_id: ctx.tenant,
        import_run_id: run,
        customer_id: entry.customer,
        before: before.map(json).transpose()?,
        left_version: entry.change.left(),
        contact_points: json(entry.contact_points)?,
        interactions: json(entry.interactions)?,
        interaction_count: entry.interaction_count,
        preferences: entry
            .preferences
            .map(|it| preferences(ctx, entry.customer, it))
            .transpose()?,
    })
}

fn preferences(
    ctx: &Context,
    customer: Uuid,
    change: JournalEntry<Preferences>,
) -> Result<Json, Error> {
    let before = change
        .before()
        .map(Preferences::entries)
        .unwrap_or_default();
    let entries = before
        .into_iter()
        .map(|(scope, it)| preference::row(ctx, customer, scope, it));
    json(ChosenBefore {
        entries: entries.collect(),
        left: change.left(),
    })
}

fn read_preferences(stored: Json) -> Result<JournalEntry<Preferences>, Error> {
    let ChosenBefore { entries, left } =
        ChosenBefore::deserialize(stored).map_err(unreadable_journal)?;
    Ok(JournalEntry::stored(
        Some(preference::from_rows(entries)?),
        left,
    ))
}

/// The entry in a row.
pub(super) fn read(row: Model) -> Result<Entry, Error> {
    let before = row
        .before
        .map(Snapshot::deserialize)
        .transpose()
        .map_err(unreadable_journal)?;
    let before = before.map(|it| Record {
        row: it.row,
        external_ids: it.external_ids,
        merged: Merged::default(),
    });
    Ok(Entry {
        customer: row.customer_id,
        change: JournalEntry::stored(before, row.left_version),
        contact_points: Vec::deserialize(row.contact_points).map_err(unreadable_journal)?,
        interactions: Vec::deserialize(row.interactions).map_err(unreadable_journal)?,
        interaction_count: row.interaction_count,
        preferences: row.preferences.map(read_preferences).transpose()?,
    })
}

fn json(value: impl Serialize) -> Result<Json, Error> {
    serde_json::to_value(value).map_err(unreadable_journal)
}
