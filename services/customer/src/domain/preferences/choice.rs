//! What a customer's choices say about a contact.

use super::{ChannelChoice, Preference, Preferences, Scope};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::rank::Rank;

impl Preferences {
    /// The choices that count for a contact: the one for its purpose before the one for all.
    fn choices(&self, channel: Channel, purpose: Purpose) -> impl Iterator<Item = &Preference> {
        [Some(purpose), None]
            .into_iter()
            .filter_map(move |purpose| self.0.get(&Scope { purpose, channel }))
    }

    /// The least permissive choice wins, whether it was made for the purpose or for all.
    pub fn refuses(&self, channel: Channel, purpose: Purpose) -> bool {
        let refused = |it: &Preference| it.choice == ChannelChoice::Refused;
        purpose.obeys_preferences() && self.choices(channel, purpose).any(refused)
    }

    /// Whether the customer asked for the channel.
    pub fn welcomes(&self, channel: Channel, purpose: Purpose) -> bool {
        let mut choices = self.choices(channel, purpose).peekable();
        choices.peek().is_some() && choices.all(|it| it.choice == ChannelChoice::Allowed)
    }

    /// The customer's order: rank, then what is welcome before what is merely not refused.
    pub fn place(&self, channel: Channel, purpose: Purpose) -> (Rank, bool, Channel) {
        let ranks = self.choices(channel, purpose).map(|it| it.rank);
        let rank = ranks.fold(Rank::LAST, Rank::or);
        (rank, !self.welcomes(channel, purpose), channel)
    }
}
