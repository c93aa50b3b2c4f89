//! Stretches of time in which a customer wants to be left alone.

use rapport_platform::time::Timestamp;

use super::reach::Reach;
use crate::domain::channel::{Channel, Purpose};
use crate::domain::invalid::{Invalid, InvalidFields};

/// A stretch of time without contacts, from its first instant to, and without, its last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    start: Timestamp,
    end: Timestamp,
    reach: Reach,
}

impl Pause {
    /// Reads a pause.
    pub fn parse(start: Timestamp, end: Timestamp, reach: Reach) -> Result<Self, InvalidFields> {
        if end > start {
            return Ok(Self { start, end, reach });
        }
        Err(Invalid::new("is not after start_time: set a later end")
            .within("end_time")
            .into())
    }

    /// First instant.
    pub const fn start(&self) -> Timestamp {
        self.start
    }

    /// First instant after it.
    pub const fn end(&self) -> Timestamp {
        self.end
    }

    /// Which contacts it is about.
    pub const fn reach(&self) -> Reach {
        self.reach
    }

    /// Whether it stops such a contact at that instant.
    pub fn stops(&self, channel: Channel, purpose: Purpose, at: Timestamp) -> bool {
        self.reach.covers(channel, purpose) && self.start <= at && at < self.end
    }
}
