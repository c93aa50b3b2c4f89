//! Many opportunities, for measurements on PostgreSQL.

use uuid::Uuid;

use crate::postgres::psql;

/// Opportunities of the embedded tenant, all open in the stage `early`.
#[derive(Clone, Copy, Debug)]
pub struct Deals {
    size: u32,
}

impl Deals {
    /// Puts so many opportunities into the database of a suite that has none.
    pub fn load(url: &str, size: u32) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/deals.sql");
        psql(url, &[&format!("--set=size={size}"), "--file", script]);
        Self { size }
    }

    /// The first of them only; the others are left to somebody else.
    pub fn first(self, size: u32) -> Self {
        Self { size }
    }

    /// Each opportunity in turn, first on its way to the stage `late`, the next time around back to
    /// `early`.
    pub fn next_move(self, turn: u32) -> (String, &'static str) {
        let stage = if (turn / self.size).is_multiple_of(2) {
            "late"
        } else {
            "early"
        };
        let id = u128::from(turn % self.size + 1) << 80 | 0x7000_8000_0000_0000_0000;
        (format!("opportunities/{}", Uuid::from_u128(id)), stage)
    }

    /// One of the 50 sellers who own them; the first manages the others.
    pub fn seller(number: u8) -> String {
        let id = u128::from(number) << 80 | 0x7000_b000_0000_0000_0000;
        format!("sellers/{}", Uuid::from_u128(id))
    }
}
