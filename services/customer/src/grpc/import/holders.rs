//! Who has which external id while a batch goes on: its rows give ids, and take them over.

use std::collections::HashMap;

use uuid::Uuid;

use crate::domain::external_id::ExternalId;

/// The customer who has an external id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// One that rows of the batch were about, by its place in the plan.
    Planned(usize),
    /// One that is stored and that no row was about so far.
    Stored(Uuid),
}

/// The holders of external ids, with what the batch changes about them.
pub(super) struct Holders<'a> {
    stored: &'a HashMap<ExternalId, Uuid>,
    /// None for an id that its holder gave up.
    planned: HashMap<ExternalId, Option<usize>>,
}

impl<'a> Holders<'a> {
    pub(super) fn new(stored: &'a HashMap<ExternalId, Uuid>) -> Self {
        Self {
            stored,
            planned: HashMap::new(),
        }
    }

    pub(super) fn of(&self, id: &ExternalId) -> Option<Holder> {
        match self.planned.get(id) {
            Some(planned) => planned.map(Holder::Planned),
            None => self.stored.get(id).copied().map(Holder::Stored),
        }
    }

    /// Makes `after` the ids of a customer that had `before`.
    pub(super) fn give(&mut self, customer: usize, before: &[ExternalId], after: &[ExternalId]) {
        self.planned
            .extend(before.iter().map(|id| (id.clone(), None)));
        self.planned
            .extend(after.iter().map(|id| (id.clone(), Some(customer))));
    }
}
