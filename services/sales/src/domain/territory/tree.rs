//! The tree of a model's territories, and which of them comes first.

use std::collections::HashMap;

use rapport_platform::invalid::Invalid;
use uuid::Uuid;

/// Most levels of a tree.
pub const MAX_LEVELS: usize = 10;

/// A territory in its tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Which.
    pub id: Uuid,
    /// What it is part of.
    pub parent: Option<Uuid>,
    /// Which it is in every model.
    pub code: String,
    /// Which of equally deep ones comes first: the least.
    pub priority: i32,
    /// Which customers belong to it.
    pub rule: Option<String>,
}

/// Why a territory can't be part of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeFault {
    /// The model has no such territory.
    Unknown,
    /// It is itself, or part of the territory.
    Circle,
    /// The tree would have too many levels.
    TooDeep,
}

impl From<TreeFault> for Invalid {
    fn from(fault: TreeFault) -> Self {
        Self::new(match fault {
            TreeFault::Unknown => "is not a territory of the same model",
            TreeFault::Circle => "would make a circle: it is part of this territory",
            TreeFault::TooDeep => "would make more than 10 levels",
        })
    }
}

/// Checks that a territory, known or new, may be part of `parent`.
///
/// # Errors
/// `TreeFault`.
pub fn check_parent(nodes: &[Node], id: Uuid, parent: Option<Uuid>) -> Result<(), TreeFault> {
    let parents: HashMap<Uuid, Option<Uuid>> = nodes.iter().map(|it| (it.id, it.parent)).collect();
    let Some(parent) = parent else {
        return Ok(());
    };
    if !parents.contains_key(&parent) {
        return Err(TreeFault::Unknown);
    }
    let above = path(&parents, parent);
    if above.contains(&id) {
        return Err(TreeFault::Circle);
    }
    let below = nodes.iter().filter_map(|it| {
        let path = path(&parents, it.id);
        path.iter().position(|above| *above == id)
    });
    let below = below.max().unwrap_or_default();
    match above.len() + below + 1 > MAX_LEVELS {
        true => Err(TreeFault::TooDeep),
        false => Ok(()),
    }
}

/// A territory and those that it is part of, the nearest first. Bounded, should there be a circle.
fn path(parents: &HashMap<Uuid, Option<Uuid>>, id: Uuid) -> Vec<Uuid> {
    let above = |id: &Uuid| parents.get(id).copied().flatten();
    std::iter::successors(Some(id), above)
        .take(MAX_LEVELS + 1)
        .collect()
}

/// The territories that have a rule, in the order in which customers are offered to them: the
/// deepest first, of these the one with the least priority, of these the first by code.
pub fn ranked(nodes: &[Node]) -> Vec<&Node> {
    let parents: HashMap<Uuid, Option<Uuid>> = nodes.iter().map(|it| (it.id, it.parent)).collect();
    let mut ranked: Vec<(usize, &Node)> = nodes
        .iter()
        .filter(|it| it.rule.is_some())
        .map(|it| (path(&parents, it.id).len(), it))
        .collect();
    ranked.sort_by(|(deep, a), (other, b)| {
        let ours = (a.priority, &a.code);
        other.cmp(deep).then(ours.cmp(&(b.priority, &b.code)))
    });
    ranked.into_iter().map(|(_, it)| it).collect()
}

/// The territories, those before others that these are part of.
pub fn top_down(nodes: &[Node]) -> Vec<&Node> {
    let parents: HashMap<Uuid, Option<Uuid>> = nodes.iter().map(|it| (it.id, it.parent)).collect();
    let mut ordered: Vec<&Node> = nodes.iter().collect();
    ordered.sort_by_cached_key(|it| (path(&parents, it.id).len(), it.code.clone()));
    ordered
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn node(id: u128, parent: Option<u128>, priority: i32) -> Node {
        Node {
            id: Uuid::from_u128(id),
            parent: parent.map(Uuid::from_u128),
            code: format!("t{id:03}"),
            priority,
            rule: Some("kind = PERSON".to_owned()),
        }
    }

    fn codes(nodes: &[&Node]) -> Vec<String> {
        nodes.iter().map(|it| it.code.clone()).collect()
    }

    #[test]
    fn the_deepest_comes_first_then_the_least_priority_then_the_code() {
        let nodes = [
            node(1, None, 0),
            node(2, Some(1), 5),
            node(3, Some(1), 1),
            node(4, Some(2), 9),
            node(5, Some(1), 1),
            Node {
                rule: None,
                ..node(6, Some(4), 0)
            },
        ];
        assert_eq!(
            codes(&ranked(&nodes)),
            ["t004", "t003", "t005", "t002", "t001"]
        );
        assert_eq!(
            codes(&top_down(&nodes)),
            ["t001", "t002", "t003", "t005", "t004", "t006"]
        );
    }

    #[test]
    fn a_tree_has_no_circle_and_ten_levels() {
        let chain: Vec<Node> = (1..=9)
            .map(|it| node(it, (it > 1).then(|| it - 1), 0))
            .collect();
        let check = |id: u128, parent: u128| {
            check_parent(&chain, Uuid::from_u128(id), Some(Uuid::from_u128(parent)))
        };
        assert_eq!(check(10, 9), Ok(()));
        assert_eq!(check(10, 42), Err(TreeFault::Unknown));
        assert_eq!(check(1, 9), Err(TreeFault::Circle));
        assert_eq!(check(3, 3), Err(TreeFault::Circle));
        let mut deeper = chain.clone();
        deeper.push(node(10, Some(9), 0));
        deeper.push(node(11, None, 0));
        let eleven = Some(Uuid::from_u128(11));
        assert_eq!(
            check_parent(&deeper, Uuid::from_u128(12), Some(Uuid::from_u128(10))),
            Err(TreeFault::TooDeep)
        );
        assert_eq!(
            check_parent(&deeper, Uuid::from_u128(1), eleven),
            Err(TreeFault::TooDeep),
            "what is below moves along"
        );
        assert_eq!(check_parent(&deeper, Uuid::from_u128(2), eleven), Ok(()));
        assert_eq!(check_parent(&deeper, Uuid::from_u128(2), None), Ok(()));
    }

    proptest! {
        /// Whatever order the database gives, customers are offered in the same.
        #[test]
        fn the_order_does_not_depend_on_that_of_the_rows(
            nodes in prop::collection::vec((0..6_u128, 0..3_i32), 1..30)
                .prop_map(|parts| (1_u128..).zip(parts).map(|(id, (up, priority))| {
                    node(id, id.checked_sub(up + 1).filter(|it| *it > 0), priority)
                }).collect::<Vec<_>>())
                .prop_shuffle()
        ) {
            let first = codes(&ranked(&nodes));
            let mut other = nodes.clone();
            other.reverse();
            prop_assert_eq!(first, codes(&ranked(&other)));
        }
    }
}
