//! What takes people's time: when it takes place, again and again, who is reminded, and what is in
//! conflict.
//!
//! People agree on times on the wall, computers on instants. A [`series::Series`] keeps the first and
//! makes the second of them by the zone's rules, so that 09:00 stays 09:00 when the clocks change.

pub mod answers;
pub mod busy;
pub mod ical;
pub mod reminder;
pub mod rule;
pub mod series;
pub mod slot;
pub mod vtimezone;

#[cfg(test)]
mod tests;

use rapport_platform::numbered;

numbered! {
    /// Who may read what an event is about.
    pub enum CalendarVisibility as "visibility" {
        /// Who takes part, and those above.
        Team = 1 "TEAM",
        /// Who takes part.
        Private = 2 "PRIVATE",
    }
}

numbered! {
    /// Whether an event takes place.
    pub enum CalendarEventState as "state of an event" {
        /// It does.
        Confirmed = 1 "CONFIRMED",
        /// It does not.
        Cancelled = 2 "CANCELLED",
    }
}

numbered! {
    /// What somebody who was invited answered.
    pub enum CalendarResponse as "answer to an invitation" {
        /// Nothing yet.
        NeedsAction = 1 "NEEDS_ACTION",
        /// Will be there.
        Accepted = 2 "ACCEPTED",
        /// Will not.
        Declined = 3 "DECLINED",
        /// Perhaps.
        Tentative = 4 "TENTATIVE",
    }
}

impl CalendarResponse {
    /// The `PARTSTAT` of RFC 5545.
    pub const fn partstat(self) -> &'static str {
        match self {
            Self::NeedsAction => "NEEDS-ACTION",
            Self::Accepted => "ACCEPTED",
            Self::Declined => "DECLINED",
            Self::Tentative => "TENTATIVE",
        }
    }
}
