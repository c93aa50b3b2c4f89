//! What counts when several records are one customer.

use std::collections::BTreeSet;

use rapport_platform::time::Timestamp;

use super::{
    ChannelChoice, Preference, PreferenceChange, Preferences, Scope, Withdrawal, refuse_repeated,
};
use crate::domain::invalid::InvalidFields;

/// What a record that was merged into a customer says.
#[derive(Debug, Clone, Copy)]
pub struct Joined<'a> {
    /// What was chosen on it.
    pub preferences: &'a Preferences,
    /// Since when it belongs to the customer: later than all that the customer had chosen then.
    pub since: Timestamp,
}

impl Preferences {
    /// What the customer wants, when `self` was chosen on its own record and others joined it.
    ///
    /// Of each scope, what the customer chose after a record joined counts alone; else the least
    /// permissive of both. So a merge never widens what the company may do.
    #[must_use]
    pub fn merged_with(&self, others: &[Joined<'_>]) -> Self {
        let of_others = others.iter().flat_map(|it| it.preferences.stated.keys());
        let scopes: BTreeSet<Scope> = self.stated.keys().chain(of_others).copied().collect();
        let counts = |scope: Scope| Some((scope, self.least_permissive(scope, others)?.clone()));
        Self::stored(scopes.into_iter().filter_map(counts))
    }

    fn least_permissive<'a>(
        &'a self,
        scope: Scope,
        others: &[Joined<'a>],
    ) -> Option<&'a Preference> {
        let chosen = self.last_word(scope);
        let own = self.stated.get(&scope);
        let theirs = others
            .iter()
            .filter(|other| chosen.is_none_or(|chosen| chosen <= other.since))
            .filter_map(|other| other.preferences.stated.get(&scope));
        let mut all = own.into_iter().chain(theirs).peekable();
        let first = all.peek().copied();
        all.find(|it| it.choice == ChannelChoice::Refused).or(first)
    }

    /// What was refused on the record since then.
    pub fn refusals_since(&self, since: Timestamp) -> Vec<PreferenceChange> {
        let stated = self.stated.iter();
        let refused =
            stated.filter(|(_, it)| it.choice == ChannelChoice::Refused && it.record_time > since);
        let refused = refused.map(|(&scope, it)| PreferenceChange {
            scope,
            choice: Some((it.choice, it.rank)),
        });
        refused.collect()
    }

    /// When the customer last said something of the scope on its own record.
    fn last_word(&self, scope: Scope) -> Option<Timestamp> {
        let stated = self.stated.get(&scope).map(|it| it.record_time);
        let withdrawn = self.withdrawn.get(&scope).map(|it| it.record_time);
        stated.max(withdrawn)
    }

    /// As [`apply`](Self::apply), for a customer whom other records joined, the last one at
    /// `joined`. What is said now counts alone: it is later than that, whatever the clocks, and
    /// what is withdrawn stays known as withdrawn.
    pub fn apply_after(
        &mut self,
        joined: Timestamp,
        changes: &[PreferenceChange],
        recorder: &str,
        now: Timestamp,
    ) -> Result<(), InvalidFields> {
        refuse_repeated(changes)?;
        let record_time = now.later_than(Some(joined));
        for &PreferenceChange { scope, choice } in changes {
            let said_since = self.last_word(scope).is_some_and(|said| said > joined);
            match choice {
                Some((choice, rank)) if said_since && self.states(scope, choice, rank) => {}
                Some((choice, rank)) => {
                    let stated = Preference::stored(choice, rank, recorder.to_owned(), record_time);
                    self.stated.insert(scope, stated);
                    self.withdrawn.remove(&scope);
                }
                None if said_since && !self.stated.contains_key(&scope) => {}
                None => {
                    self.stated.remove(&scope);
                    let recorder = recorder.to_owned();
                    let withdrawal = Withdrawal {
                        recorder,
                        record_time,
                    };
                    self.withdrawn.insert(scope, withdrawal);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::channel::{Channel, Purpose};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn change(choice: i32) -> PreferenceChange {
        PreferenceChange::parse(0, Channel::Email.number(), choice, 0).unwrap()
    }

    fn said(choice: i32, second: i64) -> Preferences {
        let mut preferences = Preferences::default();
        let changes = [change(choice)];
        preferences
            .apply(&changes, "employees/1", at(second))
            .unwrap();
        preferences
    }

    fn choice_of(preferences: &Preferences) -> i32 {
        let entries = preferences.entries();
        entries.first().map_or(0, |(_, it)| it.choice().number())
    }

    const NONE: i32 = 0;
    const ALLOWED: i32 = 1;
    const REFUSED: i32 = 2;

    #[test]
    fn the_least_permissive_choice_counts_until_the_customer_speaks_again() {
        for (own, other, counts) in [
            (ALLOWED, REFUSED, REFUSED),
            (REFUSED, ALLOWED, REFUSED),
            (ALLOWED, ALLOWED, ALLOWED),
            (NONE, REFUSED, REFUSED),
            (NONE, ALLOWED, ALLOWED),
            (REFUSED, NONE, REFUSED),
        ] {
            let mut own = said(own, 1);
            let other = said(other, 3);
            let others = [Joined {
                preferences: &other,
                since: at(5),
            }];
            assert_eq!(choice_of(&own.merged_with(&others)), counts);
            for again in [ALLOWED, REFUSED, NONE] {
                // The clock of whoever records it is behind.
                own.apply_after(at(5), &[change(again)], "employees/2", at(2))
                    .unwrap();
                assert_eq!(choice_of(&own.merged_with(&others)), again);
            }
        }
    }

    #[test]
    fn what_is_said_again_after_the_merge_is_its_own_word() {
        let mut own = said(ALLOWED, 1);
        let other = said(REFUSED, 3);
        own.apply_after(at(5), &[change(ALLOWED)], "employees/2", at(6))
            .unwrap();
        let others = [Joined {
            preferences: &other,
            since: at(5),
        }];
        let merged = own.merged_with(&others);
        assert_eq!(choice_of(&merged), ALLOWED);
        let before = own.clone();
        own.apply_after(at(5), &[change(ALLOWED)], "employees/3", at(7))
            .unwrap();
        assert_eq!(own, before);
    }

    proptest! {
        /// Whatever was said on any number of records before they were one, nothing is allowed
        /// then that one of them refused.
        #[test]
        fn a_merge_never_allows_what_a_record_refused(
            records in prop::collection::vec(prop::collection::vec((0..4i32, 1..13i32, 1..3i32), 0..8), 1..5),
        ) {
            let records: Vec<Preferences> = records.into_iter().map(|entries| {
                let mut preferences = Preferences::default();
                for (index, (purpose, channel, choice)) in entries.into_iter().enumerate() {
                    let change = PreferenceChange::parse(purpose, channel, choice, 0).unwrap();
                    preferences.apply(&[change], "employees/1", at(index as i64)).unwrap();
                }
                preferences
            }).collect();
            let (own, others) = records.split_first().unwrap();
            let joined: Vec<_> = others.iter().map(|preferences| Joined { preferences, since: at(100) }).collect();
            let merged = own.merged_with(&joined);
            for channel in Channel::ALL.iter().copied() {
                for purpose in Purpose::ALL.iter().copied() {
                    let allowed = |it: &Preferences| !it.refuses(channel, purpose);
                    prop_assert_eq!(allowed(&merged), records.iter().all(allowed));
                }
            }
        }
    }
}
