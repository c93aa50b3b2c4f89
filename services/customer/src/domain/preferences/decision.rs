//! Whether a contact is welcome, and what is open instead.

use super::{ChannelChoice, Preference, Preferences, Scope};
use crate::domain::channel::{Channel, ChannelSet, Purpose};
use crate::domain::numbered::numbered;
use crate::domain::rank::Rank;

numbered! {
    /// A reason against a contact.
    pub enum ContactRefusal as "reason" {
        /// The customer refuses the channel for this purpose or for all.
        ChannelRefused = 1 "CHANNEL_REFUSED",
        /// The channel needs an address, and none of the customer's is usable.
        NoUsableContactPoint = 2 "NO_USABLE_CONTACT_POINT",
    }
}

/// Whether a contact may be made, and what is open instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    refusals: Vec<ContactRefusal>,
    open_channels: Vec<Channel>,
}

impl Decision {
    /// Whether the contact may be made.
    pub const fn is_allowed(&self) -> bool {
        self.refusals.is_empty()
    }

    /// Every reason against it; none when allowed.
    pub fn refusals(&self) -> &[ContactRefusal] {
        &self.refusals
    }

    /// The channels that are open for the purpose, in the customer's order, without the one asked
    /// about.
    pub fn open_channels(&self) -> &[Channel] {
        &self.open_channels
    }
}

impl Preferences {
    /// Judges a contact on `channel` for `purpose` of a customer whom some usable address
    /// reaches on the channels `reachable`.
    pub fn decide(&self, reachable: ChannelSet, channel: Channel, purpose: Purpose) -> Decision {
        let mut refusals = Vec::new();
        if self.refuses(channel, purpose) {
            refusals.push(ContactRefusal::ChannelRefused);
        }
        if channel.needs_address() && !reachable.contains(channel) {
            refusals.push(ContactRefusal::NoUsableContactPoint);
        }
        let mut open_channels = self.open_channels(reachable, purpose);
        open_channels.retain(|&other| other != channel);
        Decision {
            refusals,
            open_channels,
        }
    }

    /// The channels that are open for `purpose`, in the customer's order, when some usable
    /// address reaches the customer on the channels `reachable`.
    pub fn open_channels(&self, reachable: ChannelSet, purpose: Purpose) -> Vec<Channel> {
        let all = Channel::ALL.iter().copied();
        let mut open: Vec<_> = all
            .filter(|&it| self.is_open(reachable, it, purpose))
            .collect();
        open.sort_by_key(|&channel| self.place(channel, purpose));
        open
    }

    /// The choices that count for a contact: the one for its purpose before the one for all.
    fn choices(&self, channel: Channel, purpose: Purpose) -> impl Iterator<Item = &Preference> {
        [Some(purpose), None]
            .into_iter()
            .filter_map(move |purpose| self.stated.get(&Scope { purpose, channel }))
    }

    /// The least permissive choice wins, whether it was made for the purpose or for all.
    fn refuses(&self, channel: Channel, purpose: Purpose) -> bool {
        let refused = |it: &Preference| it.choice == ChannelChoice::Refused;
        purpose.obeys_preferences() && self.choices(channel, purpose).any(refused)
    }

    /// Whether the customer asked for the channel.
    fn welcomes(&self, channel: Channel, purpose: Purpose) -> bool {
        let mut choices = self.choices(channel, purpose).peekable();
        choices.peek().is_some() && choices.all(|it| it.choice == ChannelChoice::Allowed)
    }

    /// Whether to offer the channel instead of another one. Where no address is needed, nothing
    /// shows that the customer can be met there but the customer's own word.
    fn is_open(&self, reachable: ChannelSet, channel: Channel, purpose: Purpose) -> bool {
        let can_be_met = if channel.needs_address() {
            reachable.contains(channel)
        } else {
            self.welcomes(channel, purpose)
        };
        can_be_met && !self.refuses(channel, purpose)
    }

    /// The customer's order: rank, then what is welcome before what is merely not refused.
    fn place(&self, channel: Channel, purpose: Purpose) -> (Rank, bool, Channel) {
        let ranks = self.choices(channel, purpose).map(|it| it.rank);
        let rank = ranks.fold(Rank::LAST, Rank::or);
        (rank, !self.welcomes(channel, purpose), channel)
    }
}
