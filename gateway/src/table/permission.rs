//! Permissions, numbered so that a check is one bit.

use std::collections::BTreeSet;

/// The number of a permission in one [`super::Table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermissionId(usize);

/// Every permission that some RPC asks for, in alphabetical order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions(Vec<String>);

impl Permissions {
    pub(crate) fn new(names: BTreeSet<String>) -> Self {
        Self(names.into_iter().collect())
    }

    /// The number of the permission called `name`.
    pub fn id(&self, name: &str) -> Option<PermissionId> {
        self.0
            .binary_search_by(|known| known.as_str().cmp(name))
            .ok()
            .map(PermissionId)
    }

    /// The permission's name.
    pub fn name(&self, id: PermissionId) -> &str {
        self.0.get(id.0).map_or("", String::as_str)
    }

    /// Every permission with its number.
    pub fn iter(&self) -> impl Iterator<Item = (PermissionId, &str)> {
        self.0
            .iter()
            .enumerate()
            .map(|(id, name)| (PermissionId(id), name.as_str()))
    }
}

/// Permissions that somebody holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PermissionSet(Vec<u64>);

impl PermissionSet {
    /// Adds one permission.
    pub fn insert(&mut self, id: PermissionId) {
        let word = id.0 / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (id.0 % 64);
    }

    /// Adds all that `other` holds.
    pub fn extend(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    /// Whether the permission is held.
    pub fn contains(&self, id: PermissionId) -> bool {
        self.0
            .get(id.0 / 64)
            .is_some_and(|word| word >> (id.0 % 64) & 1 == 1)
    }
}

/// `<area>.<resource>.<verb>`: three words of letters, digits and underscores.
pub(super) fn is_well_formed(name: &str) -> bool {
    let mut words = 0;
    name.split('.').all(|word| {
        words += 1;
        word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    }) && words == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let names = (0..200).map(|n| format!("a.b.p{n:03}")).collect();
        let permissions = Permissions::new(names);
        let id = |name: &str| permissions.id(name).unwrap();
        let mut set = PermissionSet::default();
        set.insert(id("a.b.p000"));
        let mut other = PermissionSet::default();
        other.insert(id("a.b.p130"));
        set.extend(&other);
        let held: Vec<&str> = permissions
            .iter()
            .filter(|(id, _)| set.contains(*id))
            .map(|(_, name)| name)
            .collect();
        assert_eq!(held, ["a.b.p000", "a.b.p130"]);
        assert_eq!(permissions.id("a.b.p999"), None);
    }

    #[test]
    fn a_permission_has_three_words() {
        for good in [
            "customer.customers.create",
            "customer.contactPoints.get",
            "a.b_2.c",
        ] {
            assert!(is_well_formed(good), "{good}");
        }
        for bad in [
            "",
            "customers",
            "a.b",
            "a.b.c.d",
            "a..c",
            "a.b.*",
            "a.b c.d",
            "a.1b.c",
        ] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }
}
