//! Organisations within organisations.

use uuid::Uuid;

use super::invalid::Invalid;
use super::names::CustomerKind;

/// Most levels, counting the highest organisation as one.
pub const MAX_LEVELS: usize = 20;

/// A customer that is to belong to an organisation, or to have others belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The customer.
    pub id: Uuid,
    /// What it is.
    pub kind: CustomerKind,
}

/// Why an organisation cannot have this parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedParent {
    /// The child is a person.
    #[error("is only for organisations: record a role for a person instead")]
    ChildIsPerson,
    /// The parent is a person.
    #[error("is a person: only an organisation can be a parent")]
    ParentIsPerson,
    /// The parent belongs, through however many levels, to the child, or is the child itself.
    #[error("belongs to this organisation itself: choose a parent outside of it")]
    Circle,
    /// There would be too many levels.
    #[error("makes more than 20 levels: choose a parent higher up")]
    TooDeep,
}

impl From<RefusedParent> for Invalid {
    fn from(refused: RefusedParent) -> Self {
        Self::new(refused.to_string())
    }
}

/// Checks that `child` may belong to `parent`.
///
/// `ancestors` are the organisations above the parent, the nearest first; `levels_below` is the
/// number of levels under the child, 0 when nothing belongs to it.
pub fn check_parent(
    child: Member,
    levels_below: usize,
    parent: Member,
    ancestors: &[Uuid],
) -> Result<(), RefusedParent> {
    if child.kind == CustomerKind::Person {
        return Err(RefusedParent::ChildIsPerson);
    }
    if parent.kind == CustomerKind::Person {
        return Err(RefusedParent::ParentIsPerson);
    }
    if parent.id == child.id || ancestors.contains(&child.id) {
        return Err(RefusedParent::Circle);
    }
    let levels = ancestors.len() + 1 + 1 + levels_below;
    if levels > MAX_LEVELS {
        return Err(RefusedParent::TooDeep);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn organisation(id: u128) -> Member {
        Member {
            id: Uuid::from_u128(id),
            kind: CustomerKind::Organisation,
        }
    }

    fn person(id: u128) -> Member {
        Member {
            kind: CustomerKind::Person,
            ..organisation(id)
        }
    }

    fn ids(range: std::ops::Range<u128>) -> Vec<Uuid> {
        range.map(Uuid::from_u128).collect()
    }

    #[test]
    fn a_subsidiary_belongs_to_its_parent() {
        assert_eq!(
            check_parent(organisation(1), 0, organisation(2), &ids(3..5)),
            Ok(())
        );
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_reason() {
        for (child, below, parent, above, reason) in [
            (
                person(1),
                0,
                organisation(2),
                vec![],
                RefusedParent::ChildIsPerson,
            ),
            (
                organisation(1),
                0,
                person(2),
                vec![],
                RefusedParent::ParentIsPerson,
            ),
            (
                organisation(1),
                0,
                organisation(1),
                vec![],
                RefusedParent::Circle,
            ),
            (
                organisation(1),
                1,
                organisation(2),
                ids(1..2),
                RefusedParent::Circle,
            ),
            (
                organisation(1),
                0,
                organisation(2),
                ids(3..22),
                RefusedParent::TooDeep,
            ),
            (
                organisation(1),
                10,
                organisation(2),
                ids(3..12),
                RefusedParent::TooDeep,
            ),
        ] {
            assert_eq!(check_parent(child, below, parent, &above), Err(reason));
        }
    }

    #[test]
    fn twenty_levels_are_enough() {
        assert_eq!(
            check_parent(organisation(1), 0, organisation(2), &ids(3..21)),
            Ok(())
        );
        assert_eq!(
            check_parent(organisation(1), 9, organisation(2), &ids(3..12)),
            Ok(())
        );
    }

    /// The organisations above one, the nearest first; no more than show that there are too many.
    fn above(parents: &HashMap<u128, u128>, id: u128) -> Vec<Uuid> {
        std::iter::successors(parents.get(&id), |parent| parents.get(parent))
            .map(|&parent| Uuid::from_u128(parent))
            .take(MAX_LEVELS)
            .collect()
    }

    fn levels_below(parents: &HashMap<u128, u128>, id: u128) -> usize {
        let children = parents.iter().filter(|(_, parent)| **parent == id);
        children
            .map(|(child, _)| 1 + levels_below(parents, *child))
            .max()
            .unwrap_or(0)
    }

    proptest! {
        #[test]
        fn no_order_of_moves_makes_a_circle_or_a_level_too_many(
            moves in prop::collection::vec((0..30_u128, 0..30_u128), 0..200),
        ) {
            let mut parents = HashMap::new();
            for (child, parent) in moves {
                parents.remove(&child);
                let below = levels_below(&parents, child);
                let chain = above(&parents, parent);
                if check_parent(organisation(child), below, organisation(parent), &chain).is_ok() {
                    parents.insert(child, parent);
                }
                for id in 0..30 {
                    prop_assert!(above(&parents, id).len() < MAX_LEVELS);
                }
            }
        }
    }
}
