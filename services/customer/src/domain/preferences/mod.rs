//! How a customer wants to be met.

mod choice;
mod merged;

use std::collections::BTreeMap;

pub use merged::Joined;
use rapport_platform::time::Timestamp;

use super::channel::{Channel, Purpose};
use super::invalid::{Invalid, InvalidFields};
use super::rank::Rank;
use rapport_platform::numbered;

/// Greatest rank of a preference.
const MAX_RANK: u16 = 100;

numbered! {
    /// A customer's choice for a channel.
    pub enum ChannelChoice as "choice" {
        /// The customer welcomes it.
        Allowed = 1 "ALLOWED",
        /// The customer does not want it.
        Refused = 2 "REFUSED",
    }
}

/// What a choice is about: one channel, for one purpose or for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    purpose: Option<Purpose>,
    channel: Channel,
}

impl Scope {
    /// Reads a scope; purpose 0 means all purposes. A choice against receipts or legal notices
    /// would have no effect and is refused.
    pub fn parse(purpose: i32, channel: i32) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let purpose = faults.take("purpose", choosable_purpose(purpose));
        let channel = faults.take("channel", Channel::try_from(channel));
        faults.finish(
            purpose
                .zip(channel)
                .map(|(purpose, channel)| Self { purpose, channel }),
        )
    }

    /// The purpose; none for all.
    pub const fn purpose(self) -> Option<Purpose> {
        self.purpose
    }

    /// The channel.
    pub const fn channel(self) -> Channel {
        self.channel
    }
}

fn choosable_purpose(number: i32) -> Result<Option<Purpose>, Invalid> {
    if number == 0 {
        return Ok(None);
    }
    let purpose = Purpose::try_from(number)?;
    if purpose.obeys_preferences() {
        Ok(Some(purpose))
    } else {
        Err(Invalid::new(format!(
            "can't be chosen: {purpose} contacts are made whatever the customer prefers; use \
             MARKETING, SALES, SERVICE or none for all"
        )))
    }
}

/// What a customer chose, and who recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preference {
    choice: ChannelChoice,
    rank: Rank,
    recorder: String,
    record_time: Timestamp,
}

impl Preference {
    /// A choice as it was stored.
    pub const fn stored(
        choice: ChannelChoice,
        rank: Rank,
        recorder: String,
        record_time: Timestamp,
    ) -> Self {
        Self {
            choice,
            rank,
            recorder,
            record_time,
        }
    }

    /// The choice.
    pub const fn choice(&self) -> ChannelChoice {
        self.choice
    }

    /// The place in the customer's order.
    pub const fn rank(&self) -> Rank {
        self.rank
    }

    /// Who recorded it.
    pub fn recorder(&self) -> &str {
        &self.recorder
    }

    /// When it was recorded.
    pub const fn record_time(&self) -> Timestamp {
        self.record_time
    }
}

/// One thing to change: set the choice of a scope, or withdraw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreferenceChange {
    scope: Scope,
    choice: Option<(ChannelChoice, Rank)>,
}

impl PreferenceChange {
    /// Reads one entry by its numbers in the protos; choice 0 withdraws.
    pub fn parse(
        purpose: i32,
        channel: i32,
        choice: i32,
        rank: i32,
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let scope = faults.take("", Scope::parse(purpose, channel));
        let rank = faults.take("rank", Rank::parse(rank, MAX_RANK));
        let choice = match choice {
            0 => Some(None),
            stated => faults
                .take("choice", ChannelChoice::try_from(stated))
                .map(Some),
        };
        faults.finish(
            scope
                .zip(rank.zip(choice))
                .map(|(scope, (rank, choice))| Self {
                    scope,
                    choice: choice.map(|choice| (choice, rank)),
                }),
        )
    }
}

/// Everything one customer chose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preferences {
    stated: BTreeMap<Scope, Preference>,
    /// Choices that were withdrawn since other records joined the customer: what those say of the
    /// scope counts no more.
    withdrawn: BTreeMap<Scope, Withdrawal>,
}

/// That a choice was withdrawn, and by whose record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Who recorded it.
    pub recorder: String,
    /// When.
    pub record_time: Timestamp,
}

impl Preferences {
    /// The preferences as they were stored.
    pub fn stored(entries: impl IntoIterator<Item = (Scope, Preference)>) -> Self {
        Self {
            stated: entries.into_iter().collect(),
            withdrawn: BTreeMap::new(),
        }
    }

    /// The same with choices that were withdrawn, as they were stored.
    #[must_use]
    pub fn without(self, withdrawn: impl IntoIterator<Item = (Scope, Withdrawal)>) -> Self {
        Self {
            withdrawn: withdrawn.into_iter().collect(),
            ..self
        }
    }

    /// Choices that were withdrawn since other records joined the customer.
    pub fn withdrawn(&self) -> impl Iterator<Item = (Scope, &Withdrawal)> {
        self.withdrawn.iter().map(|(&scope, it)| (scope, it))
    }

    /// The entries in the customer's order: by rank, welcome before refused, then by channel and
    /// purpose.
    pub fn entries(&self) -> Vec<(Scope, &Preference)> {
        let mut entries: Vec<_> = self.stated.iter().map(|(&scope, it)| (scope, it)).collect();
        entries.sort_by_key(|(scope, it)| (it.rank, it.choice, scope.channel, scope.purpose));
        entries
    }

    /// Sets and withdraws choices; scopes that are not named stay. What is stated again unchanged
    /// keeps who first recorded it. Two entries for one scope are refused: which one counts?
    pub fn apply(
        &mut self,
        changes: &[PreferenceChange],
        recorder: &str,
        now: Timestamp,
    ) -> Result<(), InvalidFields> {
        refuse_repeated(changes)?;
        for &PreferenceChange { scope, choice } in changes {
            match choice {
                None => {
                    self.stated.remove(&scope);
                }
                Some((choice, rank)) if !self.states(scope, choice, rank) => {
                    let stated = Preference::stored(choice, rank, recorder.to_owned(), now);
                    self.stated.insert(scope, stated);
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn states(&self, scope: Scope, choice: ChannelChoice, rank: Rank) -> bool {
        let stated = self.stated.get(&scope);
        stated.is_some_and(|it| it.choice == choice && it.rank == rank)
    }
}

fn refuse_repeated(changes: &[PreferenceChange]) -> Result<(), InvalidFields> {
    let mut faults = InvalidFields::default();
    for (index, change) in changes.iter().enumerate() {
        if changes[..index]
            .iter()
            .any(|earlier| earlier.scope == change.scope)
        {
            faults.push(
                &format!("[{index}]"),
                Invalid::new("repeats the purpose and channel of an earlier entry: keep one"),
            );
        }
    }
    faults.finish(Some(()))
}

#[cfg(test)]
mod tests;
