//! When people are busy, and what is in conflict.

use std::collections::BTreeMap;

use rapport_platform::time::Timestamp;
use uuid::Uuid;

use super::slot::Stretch;

/// What somebody has at the time of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Who.
    pub seller: Uuid,
    /// When the instance begins.
    pub instance: Timestamp,
    /// When the other thing takes place.
    pub other: Stretch,
}

/// The stretches as those that do not touch each other, in order, within a window.
pub fn merged(mut stretches: Vec<Stretch>, window: Stretch) -> Vec<Stretch> {
    stretches.sort_unstable();
    let mut merged: Vec<Stretch> = Vec::new();
    for stretch in stretches {
        let start = stretch.start.max(window.start);
        let end = stretch.end.min(window.end);
        if start >= end {
            continue;
        }
        match merged.last_mut() {
            Some(last) if start <= last.end => last.end = last.end.max(end),
            _ => merged.push(Stretch { start, end }),
        }
    }
    merged
}

/// What sellers have at the time of the instances that are looked at for each, in order of time: at
/// most so many.
pub fn conflicts(
    own: &BTreeMap<Uuid, Vec<Stretch>>,
    others: &[(Uuid, Stretch)],
    most: usize,
) -> Vec<Conflict> {
    let mut others: Vec<&(Uuid, Stretch)> = others.iter().collect();
    others.sort_unstable_by_key(|(seller, other)| (*other, *seller));
    let found = others.into_iter().filter_map(|(seller, other)| {
        let instance = own.get(seller)?.iter().find(|it| it.overlaps(other))?;
        Some(Conflict {
            seller: *seller,
            instance: instance.start,
            other: *other,
        })
    });
    found.take(most).collect()
}
