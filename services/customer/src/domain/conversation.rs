//! Conversations: one matter across channels, from its opening until it is settled.

use rapport_platform::time::Timestamp;
use uuid::Uuid;

use super::channel::Channel;
use super::invalid::Invalid;
use super::text;
use rapport_platform::numbered;

/// Longest subject, in characters.
const MAX_SUBJECT: usize = 200;
/// Longest resolution, in characters.
const MAX_RESOLUTION: usize = 2_000;

numbered! {
    /// Whether a conversation goes on.
    pub enum ConversationState as "state of a conversation" {
        /// It goes on.
        Open = 1 "OPEN",
        /// It is settled.
        Closed = 2 "CLOSED",
    }
}

/// A thread of interactions about one matter.
///
/// Closing is final: the resolution that was recorded stays true. A customer who comes back opens a
/// new conversation that follows the earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    subject: String,
    follows: Option<Uuid>,
    open_time: Timestamp,
    latest: Option<Latest>,
    interaction_count: u32,
    closing: Option<Closing>,
}

/// The latest interaction of a conversation, by the time it took place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latest {
    /// Its channel.
    pub channel: Channel,
    /// When it took place.
    pub occur_time: Timestamp,
}

/// How a conversation was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// In words.
    pub resolution: String,
    /// When.
    pub time: Timestamp,
}

/// The conversation is settled and takes no more interactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the conversation is closed: open a new one that names it in `follows`")]
pub struct ConversationClosed;

impl Conversation {
    /// Opens a conversation about `subject`, 1 to 200 characters. A fault is one of the subject.
    pub fn open(subject: &str, follows: Option<Uuid>, now: Timestamp) -> Result<Self, Invalid> {
        Ok(Self {
            subject: text::line(subject, MAX_SUBJECT)?,
            follows,
            open_time: now,
            latest: None,
            interaction_count: 0,
            closing: None,
        })
    }

    /// The conversation as it was stored.
    pub const fn stored(
        subject: String,
        follows: Option<Uuid>,
        open_time: Timestamp,
        latest: Option<Latest>,
        interaction_count: u32,
        closing: Option<Closing>,
    ) -> Self {
        Self {
            subject,
            follows,
            open_time,
            latest,
            interaction_count,
            closing,
        }
    }

    /// Adds an interaction. One that took place before the latest, such as a letter scanned days
    /// later, counts but does not become the latest.
    pub fn append(
        &mut self,
        channel: Channel,
        occur_time: Timestamp,
    ) -> Result<(), ConversationClosed> {
        if self.closing.is_some() {
            return Err(ConversationClosed);
        }
        if self
            .latest
            .is_none_or(|latest| latest.occur_time <= occur_time)
        {
            self.latest = Some(Latest {
                channel,
                occur_time,
            });
        }
        self.interaction_count = self.interaction_count.saturating_add(1);
        Ok(())
    }

    /// Settles the matter.
    pub fn close(
        &mut self,
        resolution: Resolution,
        now: Timestamp,
    ) -> Result<(), ConversationClosed> {
        if self.closing.is_some() {
            return Err(ConversationClosed);
        }
        self.closing = Some(Closing {
            resolution: resolution.0,
            time: now,
        });
        Ok(())
    }

    /// What it is about.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The earlier conversation that it takes up.
    pub const fn follows(&self) -> Option<Uuid> {
        self.follows
    }

    /// Whether it goes on.
    pub const fn state(&self) -> ConversationState {
        match self.closing {
            None => ConversationState::Open,
            Some(_) => ConversationState::Closed,
        }
    }

    /// When it was opened.
    pub const fn open_time(&self) -> Timestamp {
        self.open_time
    }

    /// Its latest interaction.
    pub const fn latest(&self) -> Option<Latest> {
        self.latest
    }

    /// When something last happened in it: its opening, or a later interaction.
    pub fn active_time(&self) -> Timestamp {
        let latest = self.latest.map(|latest| latest.occur_time);
        latest.unwrap_or(self.open_time).max(self.open_time)
    }

    /// Number of its interactions.
    pub const fn interaction_count(&self) -> u32 {
        self.interaction_count
    }

    /// How it was settled; none while it goes on.
    pub const fn closing(&self) -> Option<&Closing> {
        self.closing.as_ref()
    }
}

/// How a conversation was settled, in 1 to 2,000 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution(String);

impl Resolution {
    /// Reads the words.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        text::passage(raw, MAX_RESOLUTION).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn opened() -> Conversation {
        Conversation::open("Fault of the router", None, at(100)).unwrap()
    }

    #[test]
    fn a_problem_started_on_the_web_is_continued_by_phone() {
        let mut conversation = opened();

        conversation.append(Channel::Web, at(101)).unwrap();
        conversation.append(Channel::Phone, at(200)).unwrap();

        let latest = conversation.latest().unwrap();
        assert_eq!(
            (latest.channel, latest.occur_time),
            (Channel::Phone, at(200))
        );
        assert_eq!(conversation.interaction_count(), 2);
        assert_eq!(conversation.state(), ConversationState::Open);
    }

    #[test]
    fn a_contact_recorded_late_does_not_become_the_latest() {
        let mut conversation = opened();

        conversation.append(Channel::Phone, at(200)).unwrap();
        conversation.append(Channel::Post, at(50)).unwrap();

        assert_eq!(
            conversation.latest().map(|it| it.channel),
            Some(Channel::Phone)
        );
        assert_eq!(conversation.interaction_count(), 2);
    }

    #[test]
    fn a_conversation_is_active_from_its_opening_on() {
        let mut conversation = opened();
        conversation.append(Channel::Post, at(50)).unwrap();
        assert_eq!(conversation.active_time(), at(100));

        conversation.append(Channel::Phone, at(150)).unwrap();
        assert_eq!(conversation.active_time(), at(150));
    }

    #[test]
    fn a_settled_conversation_takes_nothing_more() {
        let mut conversation = opened();
        conversation
            .close(Resolution::parse("Replaced").unwrap(), at(300))
            .unwrap();
        let settled = conversation.clone();

        assert_eq!(
            conversation.append(Channel::Phone, at(301)),
            Err(ConversationClosed)
        );
        let again = Resolution::parse("Replaced twice").unwrap();
        assert_eq!(conversation.close(again, at(302)), Err(ConversationClosed));

        assert_eq!(conversation, settled);
        let closing = settled.closing().unwrap();
        assert_eq!(
            (closing.resolution.as_str(), closing.time),
            ("Replaced", at(300))
        );
        assert!(ConversationClosed.to_string().contains("`follows`"));
    }

    #[test]
    fn who_comes_back_opens_a_conversation_that_follows() {
        let earlier = Uuid::from_u128(7);

        let conversation = Conversation::open("Router again", Some(earlier), at(400)).unwrap();

        assert_eq!(conversation.follows(), Some(earlier));
        assert_eq!(conversation.state(), ConversationState::Open);
    }

    #[test]
    fn a_subject_and_a_resolution_say_something() {
        assert!(Conversation::open(" ", None, at(0)).is_err());
        assert!(Conversation::open(&"x".repeat(201), None, at(0)).is_err());
        assert!(Resolution::parse("").is_err());
    }

    proptest! {
        #[test]
        fn the_latest_is_the_latest_in_any_order_of_recording(
            seconds in prop::collection::vec(0..1_000_i64, 1..20),
        ) {
            let mut conversation = opened();
            for &second in &seconds {
                conversation.append(Channel::Email, at(second)).unwrap();
            }
            let latest = seconds.iter().max().copied().map(at);
            prop_assert_eq!(conversation.latest().map(|it| it.occur_time), latest);
        }
    }
}
