//! What somebody who was invited answered: to an event, and to single instances of it.

use std::collections::{BTreeMap, BTreeSet};

use rapport_platform::invalid::Invalid;
use rapport_platform::time::Timestamp;

use super::CalendarResponse;

/// Most instances that somebody answers to by themselves.
pub const MOST_SINGLE: usize = 200;

/// Somebody's answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    whole: CalendarResponse,
    single: BTreeMap<Timestamp, Answer>,
}

/// An answer, and when it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What.
    pub response: CalendarResponse,
    /// When.
    pub time: Timestamp,
}

impl Answers {
    /// An answer to the event as a whole, and those to instances, by when they would begin.
    pub fn new(
        whole: CalendarResponse,
        single: impl IntoIterator<Item = (Timestamp, Answer)>,
    ) -> Self {
        let single = single.into_iter().collect();
        Self { whole, single }
    }

    /// That to the event as a whole.
    pub const fn whole(&self) -> CalendarResponse {
        self.whole
    }

    /// Those to single instances, in order.
    pub const fn single(&self) -> &BTreeMap<Timestamp, Answer> {
        &self.single
    }

    /// What was answered to an instance.
    pub fn to(&self, original: Timestamp) -> CalendarResponse {
        let own = self.single.get(&original);
        own.map_or(self.whole, |it| it.response)
    }

    /// Whether somebody comes to an instance, as far as is known.
    pub fn attends(&self, original: Timestamp) -> bool {
        self.to(original) != CalendarResponse::Declined
    }

    /// Whether somebody comes to any instance, as far as is known.
    pub fn attends_any(&self) -> bool {
        let single = self.single.values().map(|it| it.response);
        let mut all = std::iter::once(self.whole).chain(single);
        all.any(|it| it != CalendarResponse::Declined)
    }

    /// The same without an answer to an instance of its own: as to the whole.
    #[must_use]
    pub fn without(mut self, original: Timestamp) -> Self {
        self.single.remove(&original);
        self
    }

    /// The same with another answer to an instance.
    ///
    /// # Errors
    /// When there are too many that are still to come.
    pub fn with(mut self, original: Timestamp, answer: Answer) -> Result<Self, Invalid> {
        self.single.insert(original, answer);
        if self.single.len() <= MOST_SINGLE {
            return Ok(self);
        }
        match self.single.first_key_value() {
            // Nobody asks any more who came.
            Some((&first, _)) if first < answer.time && first != original => {
                Ok(self.without(first))
            }
            _ => {
                let why = "has 200 answers to single instances: answer to the whole";
                Err(Invalid::new(why))
            }
        }
    }

    /// The same without those to other instances than these.
    #[must_use]
    pub fn only(mut self, originals: &BTreeSet<Timestamp>) -> Self {
        self.single
            .retain(|original, _| originals.contains(original));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::CalendarResponse::{Accepted, Declined, NeedsAction};
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn said(response: CalendarResponse, time: i64) -> Answer {
        let time = at(time);
        Answer { response, time }
    }

    #[test]
    fn an_instance_is_answered_like_the_whole_unless_by_itself() {
        let answers = Answers::new(Accepted, []);
        let answers = answers.with(at(7), said(Declined, 0)).unwrap();

        assert_eq!(
            [at(6), at(7)].map(|it| answers.to(it)),
            [Accepted, Declined]
        );
        assert!(answers.attends_any() && !answers.attends(at(7)));
        assert_eq!(answers.without(at(7)), Answers::new(Accepted, []));
    }

    #[test]
    fn who_declines_the_whole_can_still_come_once() {
        let declined = Answers::new(Declined, []);
        assert!(!declined.attends_any());
        let once = declined.with(at(7), said(NeedsAction, 0)).unwrap();
        assert!(once.attends_any() && once.attends(at(7)) && !once.attends(at(8)));
    }

    #[test]
    fn of_too_many_the_first_that_is_over_gives_way() {
        let many = (0..200).map(|it| (at(it), said(Declined, 0)));
        let many = Answers::new(Accepted, many);

        let another = many.clone().with(at(500), said(Declined, 1)).unwrap();
        assert_eq!(
            (another.single().len(), another.attends(at(0))),
            (200, true)
        );
        assert!(
            many.clone().with(at(500), said(Declined, 0)).is_err(),
            "all are to come"
        );
        assert!(
            many.with(at(-9), said(Declined, 1)).is_err(),
            "it is over itself"
        );
    }

    #[test]
    fn answers_go_with_their_instances() {
        let both = [at(1), at(2)].map(|it| (it, said(Declined, 0)));
        let kept = Answers::new(Accepted, both).only(&BTreeSet::from([at(2), at(3)]));
        assert_eq!(kept, Answers::new(Accepted, [(at(2), said(Declined, 0))]));
    }
}
