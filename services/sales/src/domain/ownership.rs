//! How often customers own products together, as it changes.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

/// Of how many products of a customer it is counted what he owns together: what a single one with
/// everything costs is bounded by its square.
pub const MOST_COUNTED: u64 = 60;

/// Stands for whatever customers own: how many own anything is counted under it.
pub const ANYTHING: Uuid = Uuid::nil();

/// By how much the number of those who own two products changes; of one product and itself, that of
/// its owners.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes(BTreeMap<(Uuid, Uuid), i64>);

impl Changes {
    /// A customer who owned this owns that instead.
    pub fn replace(&mut self, before: &BTreeSet<Uuid>, after: &BTreeSet<Uuid>) {
        if before == after {
            return;
        }
        self.add(before, -1);
        self.add(after, 1);
    }

    /// Those that are changes, in their order.
    pub fn changed(self) -> impl Iterator<Item = ((Uuid, Uuid), i64)> {
        self.0.into_iter().filter(|(_, change)| *change != 0)
    }

    fn add(&mut self, owned: &BTreeSet<Uuid>, change: i64) {
        if !owned.is_empty() {
            *self.0.entry((ANYTHING, ANYTHING)).or_default() += change;
        }
        for one in owned {
            for other in owned {
                *self.0.entry((*one, *other)).or_default() += change;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn owned(numbers: &[u8]) -> BTreeSet<Uuid> {
        let ids = numbers
            .iter()
            .map(|it| Uuid::from_u128(1 + u128::from(*it)));
        ids.collect()
    }

    fn recount(all: &[BTreeSet<Uuid>]) -> Vec<((Uuid, Uuid), i64)> {
        let mut counts = Changes::default();
        for owned in all {
            counts.replace(&BTreeSet::new(), owned);
        }
        counts.changed().collect()
    }

    #[test]
    fn a_customer_counts_once_for_each_pair_and_once_at_all() {
        let (pen, ink) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let counts = recount(&[owned(&[0, 1]), owned(&[0]), owned(&[])]);
        let expected = [
            ((ANYTHING, ANYTHING), 2),
            ((pen, pen), 2),
            ((pen, ink), 1),
            ((ink, pen), 1),
            ((ink, ink), 1),
        ];
        assert_eq!(counts, expected);
    }

    proptest! {
        #[test]
        fn counting_changes_comes_to_the_same_as_counting_anew(
            steps in prop::collection::vec((0..4_usize, prop::collection::vec(0..6_u8, 0..5)), 0..20)
        ) {
            let mut now = vec![BTreeSet::new(); 4];
            let mut counts = Changes::default();
            for (who, numbers) in steps {
                let after = owned(&numbers);
                counts.replace(&now[who], &after);
                now[who] = after;
            }
            prop_assert_eq!(counts.changed().collect::<Vec<_>>(), recount(&now));
        }
    }
}
