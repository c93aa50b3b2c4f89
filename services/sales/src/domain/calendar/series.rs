//! All instances of an event, with those that differ from the others.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::time::Timestamp;

use super::rule::{Anchor, Rule};
use super::slot::{Slot, Stretch, civil, shifted};

/// Most instances that differ, and most that were cancelled.
pub const MOST_CHANGES: usize = 200;
/// See [`MOST_CHANGES`].
pub const MOST_EXCLUDED: usize = 1_000;

/// When an event takes place.
#[derive(Clone, Debug)]
pub struct Series {
    slot: Slot,
    zone: TimeZone,
    rule: Option<Rule>,
    excluded: BTreeSet<Timestamp>,
    changed: BTreeMap<Timestamp, Slot>,
}

/// One time at which an event takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    /// When it would begin if nothing had changed it: what it is known by.
    pub original: Timestamp,
    /// When it takes place, as it was agreed.
    pub slot: Slot,
    /// When it takes place, as time passes.
    pub stretch: Stretch,
}

impl Series {
    /// An event at a slot, on the clocks of a zone, which may repeat.
    ///
    /// # Errors
    /// The field at fault.
    pub fn parse(slot: Slot, zone: TimeZone, rule: &str) -> Result<Self, InvalidFields> {
        let fault = |field: &str, fault: Invalid| InvalidFields::from(fault.within(field));
        let begins = slot.begins(&zone);
        let anchor = Anchor {
            begins,
            zone: &zone,
            days: slot.is_days(),
        };
        let rule = match rule {
            "" => None,
            text => Some(Rule::parse(text, anchor).map_err(|it| fault("recurrence_rule", it))?),
        };
        if rule.is_some() && slot.at(begins, &zone) != slot {
            let why = "is a time that the clocks show twice, the second time: what repeats begins at the first";
            return Err(fault("slot.start_time", Invalid::new(why)));
        }
        Ok(Self {
            slot,
            zone,
            rule,
            excluded: BTreeSet::new(),
            changed: BTreeMap::new(),
        })
    }

    /// The same with instances that do not take place, and such that do at another time.
    #[must_use]
    pub fn except(
        mut self,
        excluded: impl IntoIterator<Item = Timestamp>,
        changed: impl IntoIterator<Item = (Timestamp, Slot)>,
    ) -> Self {
        self.excluded = excluded.into_iter().collect();
        self.changed = changed.into_iter().collect();
        self
    }

    /// The first slot.
    pub const fn slot(&self) -> Slot {
        self.slot
    }

    /// On whose clocks it is agreed.
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// How it repeats.
    pub const fn rule(&self) -> Option<&Rule> {
        self.rule.as_ref()
    }

    /// Instances that do not take place.
    pub const fn excluded(&self) -> &BTreeSet<Timestamp> {
        &self.excluded
    }

    /// Whether something takes place at another time, on other clocks, or repeats differently.
    pub fn is_at_other_times_than(&self, other: &Self) -> bool {
        let rule = |it: &Self| it.rule.as_ref().map(Rule::text);
        self.slot != other.slot || self.zone != other.zone || rule(self) != rule(other)
    }

    /// Whether the same instances do not take place, and the same do at the same other times.
    pub fn has_exceptions_of(&self, other: &Self) -> bool {
        (&self.excluded, &self.changed) == (&other.excluded, &other.changed)
    }

    /// From where its rule reckons.
    pub fn anchor(&self) -> Anchor<'_> {
        Anchor {
            begins: self.slot.begins(&self.zone),
            zone: &self.zone,
            days: self.slot.is_days(),
        }
    }

    /// Every instance as if nothing had changed it, in order: the time that the rule says, and when
    /// that is. The clocks may leave the time out. Without some of those that are over at an instant.
    fn originals(&self, from: Timestamp) -> Box<dyn Iterator<Item = (DateTime, Slot)> + '_> {
        match &self.rule {
            None => Box::new(std::iter::once((self.slot.begins(&self.zone), self.slot))),
            Some(rule) => {
                let at = |time| (time, self.slot.at(time, &self.zone));
                let from = from.max(self.slot.stretch(&self.zone).start);
                let from = shifted(civil(&self.zone, from), -self.slot.at_most());
                Box::new(rule.times_from(from).map(at))
            }
        }
    }

    /// Those of the instants at which one of its instances would begin, and the times on the zone's
    /// clocks at which they do by its rule.
    pub fn times_of(&self, originals: &BTreeSet<Timestamp>) -> BTreeMap<Timestamp, DateTime> {
        let (Some(first), Some(last)) = (originals.first(), originals.last()) else {
            return BTreeMap::new();
        };
        let begins = |(time, slot): (DateTime, Slot)| (slot.stretch(&self.zone).start, time);
        let all = self.originals(*first).map(begins);
        let all = all.take_while(|(start, _)| start <= last);
        all.filter(|(start, _)| originals.contains(start)).collect()
    }

    /// The time on the zone's clocks at which an instance begins, by its rule.
    ///
    /// # Errors
    /// When there is no such instance.
    pub fn time_of(&self, original: Timestamp) -> Result<DateTime, Invalid> {
        let found = self.times_of(&BTreeSet::from([original])).pop_first();
        let found = found.map(|(_, time)| time);
        found.ok_or_else(|| Invalid::new("is none of its instances"))
    }

    /// From the beginning of its first instance to the end of its last; to the end of time if it
    /// repeats for ever.
    pub fn bounds(&self) -> Stretch {
        let mut bounds = self.slot.stretch(&self.zone);
        if let Some(rule) = &self.rule {
            let last = rule.over_after();
            let last = last.map(|it| self.slot.from(it, &self.zone).stretch(&self.zone));
            bounds.end = last.map_or(Timestamp::MAX, |it| it.end);
        }
        for slot in self.changed.values() {
            let stretch = slot.stretch(&self.zone);
            bounds.start = bounds.start.min(stretch.start);
            bounds.end = bounds.end.max(stretch.end);
        }
        bounds
    }

    /// The instances in a window, in order of time: at most so many that nothing changed, and those
    /// that differ.
    pub fn instances(&self, window: Stretch, most: usize) -> Vec<Instance> {
        let of = |slot: Slot, original| Instance {
            original,
            slot,
            stretch: slot.stretch(&self.zone),
        };
        let plain = self.originals(window.start);
        let plain = plain.map(|(_, slot)| of(slot, slot.stretch(&self.zone).start));
        let plain = plain
            .take_while(|it| it.original < window.end)
            .filter(|it| window.touches(&it.stretch))
            .filter(|it| {
                !self.excluded.contains(&it.original) && !self.changed.contains_key(&it.original)
            })
            .take(most);
        let changed = self
            .changed
            .iter()
            .map(|(original, slot)| of(*slot, *original));
        let changed = changed.filter(|it| window.touches(&it.stretch));
        let mut instances: Vec<Instance> = plain.chain(changed).collect();
        instances.sort_by_key(|it| (it.stretch.start, it.original));
        instances
    }
}
