//! The tenant's own rules of contacting customers.

use std::time::Duration;

use super::cap::Cap;
use super::quiet::QuietHours;
use super::reach::choosable;
use crate::domain::channel::Purpose;
use crate::domain::invalid::{Invalid, InvalidFields};
use crate::domain::locale::ZoneName;
use crate::domain::region::Region;
use crate::domain::text;
use rapport_platform::numbered;

/// Longest name of a topic, in characters.
const MAX_TOPIC_NAME: usize = 200;
/// How long a granted contact waits when nobody says.
const DEFAULT_TTL: Duration = Duration::from_mins(10);
/// How long a granted contact may wait by the policy.
const TTLS: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(10)..=Duration::from_hours(7 * 24);

numbered! {
    /// Whether a purpose needs a consent.
    pub enum PurposeMode as "mode" {
        /// Contacts may be made until the customer opts out.
        NonRestrictive = 1 "NON_RESTRICTIVE",
        /// Contacts may be made only after the customer opted in.
        Restrictive = 2 "RESTRICTIVE",
        /// No contacts are made.
        Disabled = 3 "DISABLED",
    }
}

/// What contacts for a purpose need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurposeRule {
    purpose: Purpose,
    mode: PurposeMode,
    double_opt_in: bool,
}

impl PurposeRule {
    /// Reads a rule by its numbers in the protos.
    pub fn parse(purpose: i32, mode: i32, double_opt_in: bool) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let purpose = faults.take("purpose", Purpose::try_from(purpose));
        let mode = faults.take("mode", PurposeMode::try_from(mode));
        let complete = purpose.zip(mode);
        if let Some((purpose, mode)) = complete {
            if !purpose.obeys_preferences() && mode != PurposeMode::NonRestrictive {
                let why = "can only be NON_RESTRICTIVE for TRANSACTIONAL and LEGAL";
                faults.push("mode", Invalid::new(why));
            }
            if double_opt_in && mode != PurposeMode::Restrictive {
                let why =
                    "needs the mode RESTRICTIVE: a consent that is not needed is not confirmed";
                faults.push("double_opt_in", Invalid::new(why));
            }
        }
        faults.finish(complete.map(|(purpose, mode)| Self {
            purpose,
            mode,
            double_opt_in,
        }))
    }

    /// The rule of a purpose about which nothing was said.
    const fn none(purpose: Purpose) -> Self {
        Self {
            purpose,
            mode: PurposeMode::NonRestrictive,
            double_opt_in: false,
        }
    }

    /// The purpose.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Whether it needs a consent.
    pub const fn mode(&self) -> PurposeMode {
        self.mode
    }

    /// Whether a consent counts only after it was confirmed.
    pub const fn double_opt_in(&self) -> bool {
        self.double_opt_in
    }
}

/// Identifies a topic in its tenant, such as `product-news`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(String);

impl TopicId {
    /// Reads an id.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        let mut bytes = raw.bytes();
        let begins = bytes.next().is_some_and(|it| it.is_ascii_lowercase());
        let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
        if begins && raw.len() <= 63 && bytes.all(plain) {
            return Ok(Self(raw.to_owned()));
        }
        Err(Invalid::new(
            "is no topic id: write up to 63 of a-z, 0-9 and -, beginning with a letter",
        ))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A subject within a purpose, such as a newsletter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    id: TopicId,
    purpose: Purpose,
    display_name: String,
    restrictive: bool,
}

impl Topic {
    /// Reads a topic.
    pub fn parse(
        id: &str,
        purpose: i32,
        display_name: &str,
        restrictive: bool,
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let id = faults.take("id", TopicId::parse(id));
        let purpose = faults.take("purpose", choosable(purpose));
        let name = faults.take("display_name", text::line(display_name, MAX_TOPIC_NAME));
        let complete = id.zip(purpose).zip(name);
        faults.finish(complete.map(|((id, purpose), display_name)| Self {
            id,
            purpose,
            display_name,
            restrictive,
        }))
    }

    /// Its id.
    pub const fn id(&self) -> &TopicId {
        &self.id
    }

    /// The purpose that it belongs to.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// What customers read.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// Whether contacts about it need an opt-in even when its purpose needs none.
    pub const fn restrictive(&self) -> bool {
        self.restrictive
    }
}

/// How the tenant contacts its customers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContactPolicy {
    purposes: Vec<PurposeRule>,
    topics: Vec<Topic>,
    caps: Vec<Cap>,
    quiet_hours: Vec<QuietHours>,
    time_zone: Option<ZoneName>,
    reservation_ttl: Option<Duration>,
    default_region: Option<Region>,
}

/// The parts of a policy, each read by itself.
#[derive(Debug, Clone, Default)]
pub struct PolicyParts {
    /// What purposes need.
    pub purposes: Vec<PurposeRule>,
    /// What customers may choose about.
    pub topics: Vec<Topic>,
    /// How often a customer may be contacted.
    pub caps: Vec<Cap>,
    /// Quiet hours of customers who named none.
    pub quiet_hours: Vec<QuietHours>,
    /// Zone of customers whose own is not known.
    pub time_zone: Option<ZoneName>,
    /// How long a granted contact waits.
    pub reservation_ttl: Option<Duration>,
    /// The region of local phone numbers.
    pub default_region: Option<Region>,
}

impl ContactPolicy {
    /// Puts a policy together.
    pub fn parse(parts: PolicyParts) -> Result<Self, InvalidFields> {
        let PolicyParts {
            purposes,
            topics,
            caps,
            quiet_hours,
            time_zone,
            reservation_ttl,
            default_region,
        } = parts;
        let mut faults = InvalidFields::default();
        refuse_repeated(&mut faults, "purposes", &purposes, |it| it.purpose);
        refuse_repeated(&mut faults, "topics", &topics, |it| it.id.clone());
        if reservation_ttl.is_some_and(|ttl| !TTLS.contains(&ttl)) {
            let why = "is out of range: wait from 10 seconds to 7 days";
            faults.push("reservation_ttl", Invalid::new(why));
        }
        faults.finish(Some(Self {
            purposes,
            topics,
            caps,
            quiet_hours,
            time_zone,
            reservation_ttl,
            default_region,
        }))
    }

    /// What contacts for the purpose need.
    pub fn rule(&self, purpose: Purpose) -> PurposeRule {
        let said = self.purposes.iter().find(|rule| rule.purpose == purpose);
        said.copied().unwrap_or_else(|| PurposeRule::none(purpose))
    }

    /// What was said about purposes.
    pub fn purposes(&self) -> &[PurposeRule] {
        &self.purposes
    }

    /// The topic with that id.
    pub fn topic(&self, id: &TopicId) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.id == *id)
    }

    /// What customers may choose about.
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// How often a customer may be contacted.
    pub fn caps(&self) -> &[Cap] {
        &self.caps
    }

    /// Quiet hours of customers who named none.
    pub fn quiet_hours(&self) -> &[QuietHours] {
        &self.quiet_hours
    }

    /// Zone of customers whose own is not known.
    pub const fn time_zone(&self) -> Option<&ZoneName> {
        self.time_zone.as_ref()
    }

    /// How long a granted contact waits, as it was set.
    pub const fn reservation_ttl(&self) -> Option<Duration> {
        self.reservation_ttl
    }

    /// The region whose local phone numbers are read where nothing else names one.
    pub const fn default_region(&self) -> Option<Region> {
        self.default_region
    }

    /// How long a granted contact waits.
    pub fn ttl(&self) -> Duration {
        self.reservation_ttl.unwrap_or(DEFAULT_TTL)
    }
}

fn refuse_repeated<T, K: PartialEq>(
    faults: &mut InvalidFields,
    field: &str,
    items: &[T],
    key: impl Fn(&T) -> K,
) {
    for (index, item) in items.iter().enumerate() {
        if items[..index]
            .iter()
            .any(|earlier| key(earlier) == key(item))
        {
            let why = "repeats an earlier entry: keep one";
            faults.push(&format!("{field}[{index}]"), Invalid::new(why));
        }
    }
}
