//! How often a customer may be contacted.

use std::time::Duration;

use rapport_platform::time::Timestamp;

use super::reach::Reach;
use crate::domain::channel::{Channel, Purpose};
use crate::domain::invalid::{Invalid, InvalidFields};

/// Most contacts that a cap may allow.
const MOST_CONTACTS: u32 = 1_000;
/// Shortest window.
const SHORTEST_WINDOW: Duration = Duration::from_mins(1);
/// Longest window: a year and what a yearly mailing may be late.
pub const LONGEST_WINDOW: Duration = Duration::from_hours(400 * 24);

/// At most so many contacts with one customer in any stretch of time of one length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    most: u32,
    window: Duration,
    reach: Reach,
    per_campaign: bool,
}

impl Cap {
    /// Reads a cap. There is no number for "no limit": a cap that was not filled in is refused
    /// rather than read as one that allows everything, or nothing.
    pub fn parse(
        most: i32,
        window: Option<Duration>,
        reach: Reach,
        per_campaign: bool,
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let most = faults.take("max_contacts", contacts(most));
        let window = faults.take("window", self::window(window));
        faults.finish(most.zip(window).map(|(most, window)| Self {
            most,
            window,
            reach,
            per_campaign,
        }))
    }

    /// The most contacts.
    pub const fn most(&self) -> u32 {
        self.most
    }

    /// Length of the window.
    pub const fn window(&self) -> Duration {
        self.window
    }

    /// Which contacts count and are refused.
    pub const fn reach(&self) -> Reach {
        self.reach
    }

    /// Whether the contacts of each campaign are counted by themselves.
    pub const fn per_campaign(&self) -> bool {
        self.per_campaign
    }

    /// Whether it is about such contacts.
    pub fn is_about(&self, channel: Channel, purpose: Purpose, campaign: Option<&str>) -> bool {
        self.reach.covers(channel, purpose) && (!self.per_campaign || campaign.is_some())
    }

    /// What of `contacts` uses it up at `now`, for a contact of that campaign.
    pub fn used_by<'a>(
        &self,
        contacts: &'a [CountedContact],
        campaign: Option<&str>,
        now: Timestamp,
    ) -> Vec<&'a CountedContact> {
        let counts = |it: &&CountedContact| {
            self.reach.covers(it.channel, it.purpose)
                && (!self.per_campaign || it.campaign.as_deref() == campaign)
                && it.counts(self.window, now)
        };
        contacts.iter().filter(counts).collect()
    }

    /// Whether one more contact is refused, and from when on it would not be.
    pub fn refuses(
        &self,
        contacts: &[CountedContact],
        campaign: Option<&str>,
        now: Timestamp,
    ) -> Option<Refusal> {
        let used = self.used_by(contacts, campaign, now);
        let most = usize::try_from(self.most).unwrap_or(usize::MAX);
        let excess = used.len().checked_sub(most)?;
        let mut free: Vec<Option<Timestamp>> = used
            .iter()
            .map(|it| it.free_from(self.window, now))
            .collect();
        // Those that never stop counting come last.
        free.sort_unstable_by_key(|it| it.unwrap_or(Timestamp::MAX));
        Some(Refusal {
            until: free.get(excess).copied().flatten(),
        })
    }
}

/// A contact that a cap refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The first instant at which it does no longer; none while nobody can tell.
    pub until: Option<Timestamp>,
}

/// A contact that may count toward caps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedContact {
    /// On which channel.
    pub channel: Channel,
    /// What for.
    pub purpose: Purpose,
    /// In which campaign.
    pub campaign: Option<String>,
    /// When it was made, or else granted.
    pub since: Timestamp,
    /// Whether it was made.
    pub progress: Progress,
}

/// How far a contact came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It was granted and may be made until then.
    Granted {
        /// First instant at which it can't be made any more.
        expires: Timestamp,
    },
    /// It is about to be made, nobody knows when.
    InDelivery,
    /// It was made.
    Made,
}

impl CountedContact {
    /// Whether it was granted and can't be made any more.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        matches!(self.progress, Progress::Granted { expires } if expires <= now)
    }

    /// Whether it counts in the window that ends at `now`: what was made in `(now - window, now]`,
    /// and whatever may still be made.
    fn counts(&self, window: Duration, now: Timestamp) -> bool {
        match self.progress {
            Progress::Granted { expires } => now < expires,
            Progress::InDelivery => true,
            Progress::Made => now < self.since.saturating_add(window),
        }
    }

    /// When it stops counting, if all goes on as it is likely to: what was granted is made at once.
    pub fn free_from(&self, window: Duration, now: Timestamp) -> Option<Timestamp> {
        let made_at_once = self.since.saturating_add(window);
        match self.progress {
            _ if made_at_once > now => Some(made_at_once),
            Progress::Granted { expires } => Some(expires),
            Progress::InDelivery | Progress::Made => None,
        }
    }

    /// Whether it will count at a later instant, if all goes on as it is likely to.
    #[must_use]
    pub fn as_if_made(self) -> Self {
        Self {
            progress: Progress::Made,
            ..self
        }
    }
}

fn contacts(most: i32) -> Result<u32, Invalid> {
    let allowed = 1..=MOST_CONTACTS;
    let most = u32::try_from(most)
        .ok()
        .filter(|most| allowed.contains(most));
    most.ok_or_else(|| {
        Invalid::new(format!(
            "is out of range: allow 1 to {MOST_CONTACTS} contacts; for no limit leave the cap out, \
             and to stop contacts disable the purpose"
        ))
    })
}

fn window(window: Option<Duration>) -> Result<Duration, Invalid> {
    let Some(window) = window else {
        return Err(Invalid::new("is required: how long a contact counts"));
    };
    let in_range = (SHORTEST_WINDOW..=LONGEST_WINDOW).contains(&window);
    if in_range && window.subsec_nanos() == 0 {
        return Ok(window);
    }
    Err(Invalid::new(
        "is out of range: whole seconds from 1 minute to 400 days",
    ))
}

#[cfg(test)]
mod tests;
