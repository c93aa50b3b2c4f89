//! Which records are one customer.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Record;

/// A merge that holds, and what it takes to undo it.
#[derive(Clone, Debug)]
pub(in super::super) struct Merge {
    pub(in super::super) name: String,
    pub(in super::super) survivor: Record,
    pub(in super::super) merged: Record,
    /// Its place in the history.
    pub(in super::super) at: usize,
    /// The records that came along, and when they had joined the merged one.
    came_along: BTreeMap<Record, usize>,
}

#[derive(Debug)]
pub(in super::super) struct Groups {
    /// Of each record that was merged: into which, and when it joined.
    joined: BTreeMap<Record, (Record, usize)>,
    merges: Vec<Merge>,
    records: usize,
    clock: usize,
}

impl Groups {
    pub(super) fn new(records: usize) -> Self {
        Self {
            joined: BTreeMap::new(),
            merges: Vec::new(),
            records,
            clock: 0,
        }
    }

    /// The next place in the history.
    pub(in super::super) fn next(&mut self) -> usize {
        self.clock += 1;
        self.clock
    }

    /// The record that stands for the customer.
    pub(in super::super) fn root(&self, record: Record) -> Record {
        self.joined.get(&record).map_or(record, |(root, _)| *root)
    }

    /// When the record became one with its root; 0 for the root.
    pub(in super::super) fn joined(&self, record: Record) -> usize {
        self.joined.get(&record).map_or(0, |(_, at)| *at)
    }

    pub(in super::super) fn members(&self, record: Record) -> BTreeSet<Record> {
        let root = self.root(record);
        (0..self.records)
            .filter(|&it| self.root(it) == root)
            .collect()
    }

    pub(in super::super) fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// Notes that the root `merged` became one with the root `survivor`.
    pub(in super::super) fn merge(&mut self, name: String, survivor: Record, merged: Record) {
        let at = self.next();
        let mut came_along = BTreeMap::new();
        for member in self.members(merged) {
            let before = self.joined.insert(member, (survivor, at));
            if let Some((_, joined)) = before {
                came_along.insert(member, joined);
            }
        }
        self.merges.push(Merge {
            name,
            survivor,
            merged,
            at,
            came_along,
        });
    }

    /// Whether a merge can be undone: not while its survivor is merged itself.
    pub(in super::super) fn can_undo(&self, merge: &Merge) -> bool {
        self.root(merge.survivor) == merge.survivor
    }

    /// Notes that a merge was taken back.
    pub(in super::super) fn undo(&mut self, which: usize) -> Merge {
        let merge = self.merges.remove(which);
        self.joined.remove(&merge.merged);
        for (&member, &joined) in &merge.came_along {
            self.joined.insert(member, (merge.merged, joined));
        }
        merge
    }
}
