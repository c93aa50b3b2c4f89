//! What a run did to each customer, so that it can be taken back.

/// What a run did to one customer. `B` is the customer as it was before.
///
/// There is one entry per run and customer, whichever number of rows were about it: undo goes back
/// to before the first. Versions are those of the customer's record, which every change raises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry<B> {
    /// None when the run created the customer.
    before: Option<B>,
    /// The version that the run left, or none once somebody else had a hand in it.
    left: Option<i64>,
}

/// What undo does to one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo<B> {
    /// The run created it and nobody touched it since: delete it.
    Delete,
    /// The run changed it and nobody touched it since: give it back its earlier values.
    Restore(B),
    /// Others changed it since: keep it as it is, and report it.
    Keep,
}

impl<B> JournalEntry<B> {
    /// The run created the customer, at this version.
    pub const fn created(version: i64) -> Self {
        Self {
            before: None,
            left: Some(version),
        }
    }

    /// The run changed the customer from `before` to this version.
    pub const fn updated(before: B, version: i64) -> Self {
        Self {
            before: Some(before),
            left: Some(version),
        }
    }

    /// The entry as it was stored.
    pub const fn stored(before: Option<B>, left: Option<i64>) -> Self {
        Self { before, left }
    }

    /// A later row of the run changed the customer again: it found version `found` and left
    /// `version`. If it was not the run that left what it found, the change of somebody else lies
    /// between, and undo has to keep the customer.
    #[must_use]
    pub fn again(self, found: i64, version: i64) -> Self {
        Self {
            left: self.left.filter(|left| *left == found).map(|_| version),
            ..self
        }
    }

    /// What to do about a customer that is at version `now`, or gone.
    pub fn undo(self, now: Option<i64>) -> Undo<B> {
        let untouched = now.is_some() && self.left == now;
        match self.before {
            _ if !untouched => Undo::Keep,
            Some(before) => Undo::Restore(before),
            None => Undo::Delete,
        }
    }

    /// The customer before the run; none when the run created it.
    pub const fn before(&self) -> Option<&B> {
        self.before.as_ref()
    }

    /// The version that the run left; none when others changed the customer between its rows.
    pub const fn left(&self) -> Option<i64> {
        self.left
    }
}
