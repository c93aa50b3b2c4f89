//! What somebody said, and for whom it holds.

use std::collections::BTreeSet;

use super::super::Record;
use super::{Merge, Speaker};

/// Something that a customer said.
#[derive(Debug)]
pub(super) struct Said<T> {
    pub(super) by: Speaker,
    pub(super) what: T,
    /// The records for which it holds for certain, if no later word ends it: its own, and those
    /// that parted from it while it held.
    pub(super) must: BTreeSet<Record>,
    /// Those for which it may: all with whom it was one when it said so and parted since.
    pub(super) may: BTreeSet<Record>,
}

impl<T> Said<T> {
    pub(super) fn new(by: Speaker, what: T) -> Self {
        let own = BTreeSet::from([by.record]);
        Self {
            by,
            what,
            must: own.clone(),
            may: own,
        }
    }

    /// What was refused while two records were one is refused by both, if it `holds` when they
    /// come apart; and may be, if it may hold again.
    pub(super) fn part(&mut self, both: &BTreeSet<Record>, holds: impl Fn(Record) -> bool) {
        let meant = self.by.group.intersection(both);
        self.must.extend(meant.clone().filter(|it| holds(**it)));
        self.may.extend(meant);
    }

    /// Whether it was said while the two were one.
    pub(super) fn is_since(&self, merge: &Merge, both: &BTreeSet<Record>) -> bool {
        self.by.at > merge.at && both.contains(&self.by.record)
    }

    /// Whether this ends what was said before, of those for whom it was said as well.
    pub(super) fn ends(&self, earlier: &Self, of: Record, group: &BTreeSet<Record>) -> bool {
        self.by.at > earlier.by.at && group.contains(&self.by.record) && self.by.group.contains(&of)
    }
}
