//! Those who sell, and who manages them.

use rapport_platform::identity::Actor;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::{numbered, text};
use uuid::Uuid;

/// Longest display name, team or region, in characters.
const MAX_LABEL: usize = 100;
/// Most levels of managers, counting the highest as one.
pub const MAX_LEVELS: usize = 20;

numbered! {
    /// Whether a seller takes on new opportunities.
    pub enum SellerState as "state of a seller" {
        /// Owns opportunities and takes on new ones.
        Active = 1 "ACTIVE",
        /// Takes on nothing new.
        Inactive = 2 "INACTIVE",
    }
}

/// What is recorded of a seller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seller {
    display_name: String,
    principal: Actor,
    manager: Option<Uuid>,
    team: Option<String>,
    region: Option<String>,
}

/// A seller as he was sent.
#[derive(Debug, Clone)]
pub struct SellerParts<'a> {
    /// What people call him.
    pub display_name: &'a str,
    /// Who he is when he calls.
    pub principal: &'a str,
    /// Who manages him.
    pub manager: Result<Option<Uuid>, Invalid>,
    /// The team he belongs to.
    pub team: &'a str,
    /// The region in which he sells.
    pub region: &'a str,
}

impl Seller {
    /// Reads a seller.
    pub fn parse(parts: SellerParts<'_>) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let display_name = faults.take("display_name", text::line(parts.display_name, MAX_LABEL));
        let principal = Actor::parse(parts.principal).map_err(|it| Invalid::new(it.to_string()));
        let principal = faults.take("principal", principal);
        let manager = faults.take("manager", parts.manager);
        let team = faults.take("team", text::optional_line(parts.team, MAX_LABEL));
        let region = faults.take("region", text::optional_line(parts.region, MAX_LABEL));
        let complete = display_name
            .zip(principal)
            .zip(manager.zip(team).zip(region));
        faults.finish(complete.map(
            |((display_name, principal), ((manager, team), region))| Self {
                display_name,
                principal,
                manager,
                team,
                region,
            },
        ))
    }

    /// The seller after a change. Who he is stays: history names him.
    pub fn revise(&self, parts: SellerParts<'_>) -> Result<Self, InvalidFields> {
        let revised = Self::parse(parts)?;
        if revised.principal != self.principal {
            let fault = Invalid::new("can't change: record another seller");
            return Err(fault.within("principal").into());
        }
        Ok(revised)
    }

    /// What people call him.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// Who he is when he calls.
    pub const fn principal(&self) -> &Actor {
        &self.principal
    }

    /// Who manages him.
    pub const fn manager(&self) -> Option<Uuid> {
        self.manager
    }

    /// The team he belongs to.
    pub fn team(&self) -> Option<&str> {
        self.team.as_deref()
    }

    /// The region in which he sells.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }
}

/// Why somebody cannot manage a seller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedManager {
    /// The manager is managed, through however many levels, by the seller, or is the seller.
    #[error("is managed by this seller: choose somebody outside of his team")]
    Circle,
    /// There would be too many levels.
    #[error("makes more than 20 levels: choose somebody higher up")]
    TooDeep,
}

impl From<RefusedManager> for Invalid {
    fn from(refused: RefusedManager) -> Self {
        Self::new(refused.to_string())
    }
}

/// Checks that `manager` may manage `seller`.
///
/// `above` are the manager's own managers, the nearest first; `levels_below` is the number of
/// levels under the seller, 0 when he manages nobody.
pub fn check_manager(
    seller: Uuid,
    levels_below: usize,
    manager: Uuid,
    above: &[Uuid],
) -> Result<(), RefusedManager> {
    if manager == seller || above.contains(&seller) {
        return Err(RefusedManager::Circle);
    }
    if above.len() + 1 + 1 + levels_below > MAX_LEVELS {
        return Err(RefusedManager::TooDeep);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(range: std::ops::Range<u128>) -> Vec<Uuid> {
        range.map(Uuid::from_u128).collect()
    }

    fn parts<'a>(display_name: &'a str, principal: &'a str) -> SellerParts<'a> {
        SellerParts {
            display_name,
            principal,
            manager: Ok(None),
            team: " ",
            region: "Central",
        }
    }

    #[test]
    fn nobody_manages_those_who_manage_him() {
        let [me, boss] = [Uuid::from_u128(1), Uuid::from_u128(2)];
        assert_eq!(check_manager(me, 3, boss, &ids(3..6)), Ok(()));
        assert_eq!(check_manager(me, 0, me, &[]), Err(RefusedManager::Circle));
        assert_eq!(
            check_manager(me, 0, boss, &[me]),
            Err(RefusedManager::Circle)
        );
    }

    #[test]
    fn twenty_levels_are_enough() {
        let [me, boss] = [Uuid::from_u128(1), Uuid::from_u128(2)];
        assert_eq!(check_manager(me, 0, boss, &ids(3..21)), Ok(()));
        let refused = check_manager(me, 1, boss, &ids(3..21));
        assert_eq!(refused, Err(RefusedManager::TooDeep));
    }

    #[test]
    fn blank_labels_are_none_and_every_fault_is_named() {
        let seller = Seller::parse(parts("Anna Snelling", "employees/anna")).unwrap();
        assert_eq!((seller.team(), seller.region()), (None, Some("Central")));
        let refused = Seller::parse(parts("", "anna")).unwrap_err().at("seller");
        let fields: Vec<_> = refused.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(fields, ["seller.display_name", "seller.principal"]);
    }

    #[test]
    fn who_he_is_stays() {
        let seller = Seller::parse(parts("Anna", "employees/anna")).unwrap();
        assert!(seller.revise(parts("Anna S.", "employees/anna")).is_ok());
        assert!(seller.revise(parts("Anna", "employees/bob")).is_err());
    }
}
