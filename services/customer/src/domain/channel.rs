//! The ways in which a customer and the company reach each other, and why the company does.

use std::fmt;

use rapport_platform::numbered;

numbered! {
    /// A way by which a customer and the company reach each other: `rapport.type.v1.Channel`.
    pub enum Channel as "channel" {
        /// Face to face.
        InPerson = 1 "IN_PERSON",
        /// A personal call.
        Phone = 2 "PHONE",
        /// A call by whichever call-centre agent is free.
        CallCentre = 3 "CALL_CENTRE",
        /// A text message.
        Sms = 4 "SMS",
        /// A fax.
        Fax = 5 "FAX",
        /// An e-mail.
        Email = 6 "EMAIL",
        /// The company's web site.
        Web = 7 "WEB",
        /// A customer community or forum.
        Community = 8 "COMMUNITY",
        /// An instant messenger.
        InstantMessage = 9 "INSTANT_MESSAGE",
        /// A letter.
        Post = 10 "POST",
        /// A push notification on a device.
        Push = 11 "PUSH",
        /// Through a partner.
        Partner = 12 "PARTNER",
    }
}

impl Channel {
    /// Whether the company needs an address of the customer to use the channel. Where it needs
    /// none, the customer is met, and the channel is open only when the customer said so.
    pub const fn needs_address(self) -> bool {
        match self {
            Self::Phone
            | Self::CallCentre
            | Self::Sms
            | Self::Fax
            | Self::Email
            | Self::InstantMessage
            | Self::Post
            | Self::Push => true,
            Self::InPerson | Self::Web | Self::Community | Self::Partner => false,
        }
    }
}

/// Some of the channels, each at most once. The bits are stored: bit `n` is channel number `n`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ChannelSet(u16);

impl ChannelSet {
    /// The set with these bits; bits of no channel are dropped.
    pub fn from_bits(bits: i32) -> Self {
        let known = Channel::ALL.iter().copied();
        known.filter(|it| bits & (1 << it.number()) != 0).collect()
    }

    /// The set as a number.
    pub fn bits(self) -> i32 {
        i32::from(self.0)
    }

    /// Whether the channel is one of them.
    pub fn contains(self, channel: Channel) -> bool {
        self.0 & (1 << channel.number()) != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The channels, by ascending number.
    pub fn iter(self) -> impl Iterator<Item = Channel> {
        let all = Channel::ALL.iter().copied();
        all.filter(move |&channel| self.contains(channel))
    }

    /// The channels of either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl FromIterator<Channel> for ChannelSet {
    fn from_iter<I: IntoIterator<Item = Channel>>(channels: I) -> Self {
        let bits = channels.into_iter().map(|it| 1 << it.number());
        Self(bits.fold(0, |all, bit: u16| all | bit))
    }
}

impl fmt::Debug for ChannelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

numbered! {
    /// Why the company contacts a customer: `rapport.type.v1.Purpose`.
    pub enum Purpose as "purpose" {
        /// Campaigns, newsletters, offers to many.
        Marketing = 1 "MARKETING",
        /// A seller's personal approach.
        Sales = 2 "SALES",
        /// Care for what the customer owns or has reported.
        Service = 3 "SERVICE",
        /// What the customer's own transaction requires, such as a receipt.
        Transactional = 4 "TRANSACTIONAL",
        /// What the law requires.
        Legal = 5 "LEGAL",
    }
}

impl Purpose {
    /// Whether the customer's preferences decide. A receipt or a notice that the law demands is
    /// sent whatever the customer prefers.
    pub const fn obeys_preferences(self) -> bool {
        match self {
            Self::Marketing | Self::Sales | Self::Service => true,
            Self::Transactional | Self::Legal => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_read_from_its_number_and_from_its_name() {
        for &channel in Channel::ALL {
            assert_eq!(Channel::try_from(channel.number()), Ok(channel));
            assert_eq!(channel.label().parse(), Ok(channel));
        }
    }

    #[test]
    fn what_is_no_channel_is_refused_with_the_ones_there_are() {
        let missing = Channel::try_from(0).unwrap_err().to_string();
        let unknown = Channel::try_from(13).unwrap_err().to_string();
        let misspelt = "E-MAIL".parse::<Channel>().unwrap_err().to_string();

        assert!(missing.starts_with("is required: set one of IN_PERSON PHONE"));
        assert!(unknown.starts_with("is not a known channel: set one of IN_PERSON"));
        assert!(misspelt.contains("EMAIL"));
    }

    #[test]
    fn a_set_of_channels_survives_the_store() {
        let set = ChannelSet::from_iter([Channel::Sms, Channel::InPerson, Channel::Partner]);

        assert_eq!(ChannelSet::from_bits(set.bits()), set);
        assert!(
            set.iter()
                .eq([Channel::InPerson, Channel::Sms, Channel::Partner])
        );
        assert_eq!(ChannelSet::from_bits(1 | 1 << 13), ChannelSet::default());
    }

    #[test]
    fn only_receipts_and_the_law_overrule_the_customer() {
        let overruling = Purpose::ALL.iter().filter(|it| !it.obeys_preferences());

        assert!(overruling.eq(&[Purpose::Transactional, Purpose::Legal]));
    }
}
