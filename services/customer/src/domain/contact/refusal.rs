//! Why a customer may not be contacted.

use rapport_platform::numbered;

numbered! {
    /// A reason against a contact.
    pub enum ContactRefusal as "reason" {
        /// The customer refuses the channel for this purpose or for all.
        ChannelRefused = 1 "CHANNEL_REFUSED",
        /// The channel needs an address, and none of the customer's is usable.
        NoUsableContactPoint = 2 "NO_USABLE_CONTACT_POINT",
        /// The customer opted out.
        OptedOut = 3 "OPTED_OUT",
        /// A consent is needed, and there is none that counts.
        ConsentMissing = 4 "CONSENT_MISSING",
        /// A confirmed consent is needed, and it was not confirmed.
        ConsentUnconfirmed = 5 "CONSENT_UNCONFIRMED",
        /// The tenant makes no contacts for this purpose.
        PurposeDisabled = 6 "PURPOSE_DISABLED",
        /// Every address that would serve the channel is suppressed.
        Suppressed = 7 "SUPPRESSED",
        /// The customer asked to be left alone for a while.
        Paused = 8 "PAUSED",
        /// It is a time of day at which the customer is not contacted.
        QuietHours = 9 "QUIET_HOURS",
        /// The customer was contacted as often as it may be.
        CapReached = 10 "CAP_REACHED",
    }
}

impl ContactRefusal {
    /// The reason in a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ChannelRefused => "The customer does not want to be contacted on this channel.",
            Self::NoUsableContactPoint => "No address of the customer can be used.",
            Self::OptedOut => "The customer opted out.",
            Self::ConsentMissing => "The customer's consent is needed, and there is none.",
            Self::ConsentUnconfirmed => "The customer has not confirmed the consent.",
            Self::PurposeDisabled => "No contacts are made for this purpose.",
            Self::Suppressed => "The address is suppressed.",
            Self::Paused => "The customer wants to be left alone for a while.",
            Self::QuietHours => "It is a time of day at which the customer is not contacted.",
            Self::CapReached => "The customer was contacted as often as it may be.",
        }
    }

    /// Which of several is told first: what the customer said before what is merely missing, and
    /// what stays before what passes.
    pub(super) const fn weight(self) -> u8 {
        match self {
            Self::OptedOut => 0,
            Self::ChannelRefused => 1,
            Self::Suppressed => 2,
            Self::PurposeDisabled => 3,
            Self::ConsentMissing => 4,
            Self::ConsentUnconfirmed => 5,
            Self::NoUsableContactPoint => 6,
            Self::Paused => 7,
            Self::CapReached => 8,
            Self::QuietHours => 9,
        }
    }
}
