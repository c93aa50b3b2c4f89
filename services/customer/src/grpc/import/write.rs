//! Writes what a batch planned, and notes it in the run's journal.

use std::collections::HashMap;

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::plan::Target;
use super::row::Parent;
use crate::error::{Error, faults_of};
use crate::store::contact::clearance;
use crate::store::contact_point::AddressKey;
use crate::store::customer::Change;
use crate::store::entity::pending_parent;
use crate::store::identity::group;
use crate::store::import::{self, Chosen, Done};
use crate::store::{contact_point, customer, interaction, preference};

/// Writes the targets; how many interactions were new, by target.
pub(super) async fn write(
    ctx: &Context,
    txn: &DatabaseTransaction,
    key: &AddressKey,
    run: Uuid,
    targets: &[Target],
) -> Result<Vec<usize>, Error> {
    revoke_clearances(ctx, txn, targets).await?;
    let mut done = write_customers(ctx, txn, targets).await?;
    add_contact_points(ctx, txn, key, targets, &mut done).await?;
    append_interactions(ctx, txn, targets, &mut done).await?;
    write_preferences(ctx, txn, targets, &mut done).await?;
    import::await_parents(txn, waiting(ctx, run, targets, &done)).await?;
    let appended = done.iter().map(|done| done.interactions.len()).collect();
    done.retain(Done::is_worth_a_note);
    import::note(ctx, txn, run, done).await?;
    Ok(appended)
}

/// Takes back what may be granted to customers whose record or addresses change. New ones have
/// nothing yet, and preferences do so by themselves.
async fn revoke_clearances(
    ctx: &Context,
    txn: &DatabaseTransaction,
    targets: &[Target],
) -> Result<(), Error> {
    let changed = targets.iter().filter_map(|target| {
        let changes = target.content.is_some() || !target.contact_points.is_empty();
        target.before.as_ref().filter(|_| changes)
    });
    let changed: Vec<Uuid> = changed.map(|before| before.row.customer_id).collect();
    Ok(clearance::revoke(ctx, txn, &changed).await?)
}

/// Creates and changes customers.
async fn write_customers(
    ctx: &Context,
    txn: &DatabaseTransaction,
    targets: &[Target],
) -> Result<Vec<Done>, Error> {
    let mut contents = Vec::new();
    let mut changes = Vec::new();
    for target in targets {
        match (&target.before, &target.content) {
            (None, Some(content)) => contents.push(content.clone()),
            (Some(before), Some(content)) => {
                changes.push(Change::to(ctx, before.clone(), content)?);
            }
            (_, None) => {}
        }
    }
    // Changes first: new customers may have ids that others gave up.
    customer::overwrite(ctx, txn, &changes).await?;
    let mut created = customer::insert(ctx, txn, &contents).await?.into_iter();
    let done = targets.iter().map(|target| match &target.before {
        Some(before) => {
            let version = before.row.version + i64::from(target.content.is_some());
            Some(Done::changed(before.clone(), version))
        }
        None => created.next().map(|record| Done::created(&record)),
    });
    let done: Option<Vec<Done>> = done.collect();
    done.ok_or_else(|| Error::missing("batch.rows"))
}

async fn add_contact_points(
    ctx: &Context,
    txn: &DatabaseTransaction,
    key: &AddressKey,
    targets: &[Target],
    done: &mut [Done],
) -> Result<(), Error> {
    let points = targets.iter().zip(&*done).flat_map(|(target, done)| {
        target
            .contact_points
            .iter()
            .map(|point| (done.customer, point.clone()))
    });
    let points: Vec<_> = points.collect();
    let mut added: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for row in contact_point::add(ctx, txn, key, &points).await? {
        added
            .entry(row.customer_id)
            .or_default()
            .push(row.contact_point_id);
    }
    for done in done {
        done.contact_points = added.remove(&done.customer).unwrap_or_default();
    }
    Ok(())
}

async fn append_interactions(
    ctx: &Context,
    txn: &DatabaseTransaction,
    targets: &[Target],
    done: &mut [Done],
) -> Result<(), Error> {
    let contacts = targets.iter().zip(&*done).flat_map(|(target, done)| {
        target
            .interactions
            .iter()
            .map(|(line, it)| (*line, done.customer, it))
    });
    let mut contacts: Vec<_> = contacts.collect();
    // What two customers claim is the first one's, as if each row came in a batch of its own.
    contacts.sort_by_key(|(line, ..)| *line);
    let rows = contacts
        .into_iter()
        .map(|(_, customer, it)| interaction::new_row(ctx, customer, it));
    let rows: Vec<_> = rows.collect();
    let new = interaction::append(ctx, txn, &rows).await?;
    let mut appended: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for row in rows.iter().filter(|row| new.contains(&row.interaction_id)) {
        appended
            .entry(row.customer_id)
            .or_default()
            .push(row.interaction_id);
    }
    for done in done {
        done.interactions = appended.remove(&done.customer).unwrap_or_default();
    }
    Ok(())
}

/// Applies what customers chose. One after the other, because each customer's preferences
/// are locked by themselves.
async fn write_preferences(
    ctx: &Context,
    txn: &DatabaseTransaction,
    targets: &[Target],
    done: &mut [Done],
) -> Result<(), Error> {
    let chosen = targets
        .iter()
        .zip(done)
        .filter(|(target, _)| !target.preferences.is_empty());
    for (target, done) in chosen {
        let locked = preference::lock(ctx, txn, done.customer).await?;
        let before = preference::all(ctx, txn, done.customer).await?;
        let joined = last_joined(ctx, txn, target).await?;
        let mut after = before.clone();
        // What several rows say of one channel: the last word counts.
        for change in &target.preferences {
            after = preference::revise(ctx, &after, joined, std::slice::from_ref(change))
                .map_err(faults_of("preferences"))?;
        }
        if after != before {
            let found = locked.version;
            let left = preference::replace(ctx, txn, locked, &after).await?.version;
            done.preferences = Some(Chosen {
                before,
                found,
                left,
            });
        }
    }
    Ok(())
}

/// When another record last joined the target's customer; none ever for nearly all.
async fn last_joined(
    ctx: &Context,
    txn: &DatabaseTransaction,
    target: &Target,
) -> Result<Option<Timestamp>, Error> {
    match &target.before {
        Some(record) if record.row.merged_count > 0 => {
            let group = group::with_members(ctx, txn, record.row.clone()).await?;
            Ok(group.last_joined())
        }
        _ => Ok(None),
    }
}

fn waiting(
    ctx: &Context,
    run: Uuid,
    targets: &[Target],
    done: &[Done],
) -> Vec<pending_parent::Model> {
    let waiting = targets.iter().zip(done).filter_map(|(target, done)| {
        let (line, parent) = target.parent.as_ref()?;
        let (parent_id, known_as) = match parent {
            Parent::Customer(id) => (Some(*id), None),
            Parent::KnownAs(id) => (None, Some(id)),
        };
        Some(pending_parent::Model {
            tenant_id: ctx.tenant,
            import_run_id: run,
            customer_id: done.customer,
            line: *line,
            parent_id,
            system: known_as.map(|id| id.system().to_owned()),
            external_id: known_as.map(|id| id.id().to_owned()),
        })
    });
    waiting.collect()
}
