//! What a contact point points to.

use crate::domain::channel::{Channel, ChannelSet};
use crate::domain::email::EmailAddress;
use crate::domain::handle::Handle;
use crate::domain::invalid::Invalid;
use crate::domain::phone::PhoneNumber;
use crate::domain::postal::PostalAddress;
use rapport_platform::numbered;

numbered! {
    /// What kind of address a contact point holds.
    pub enum AddressKind as "kind of address" {
        /// An e-mail address.
        Email = 1 "EMAIL",
        /// A phone number.
        Phone = 2 "PHONE",
        /// A postal address.
        Postal = 3 "POSTAL",
        /// A name in a messenger, on a site or of a device.
        Handle = 4 "HANDLE",
    }
}

impl AddressKind {
    /// The channels that an address of this kind can serve at all.
    const fn possible_channels(self) -> &'static [Channel] {
        match self {
            Self::Email => &[Channel::Email],
            Self::Phone => &[
                Channel::Phone,
                Channel::CallCentre,
                Channel::Sms,
                Channel::Fax,
                Channel::InstantMessage,
            ],
            Self::Postal => &[Channel::Post],
            Self::Handle => &[
                Channel::InstantMessage,
                Channel::Push,
                Channel::Web,
                Channel::Community,
            ],
        }
    }

    /// Refuses a channel that no address of this kind can serve.
    pub(super) fn can_serve(self, channel: Channel) -> Result<Channel, Invalid> {
        let possible = self.possible_channels();
        if possible.contains(&channel) {
            return Ok(channel);
        }
        let possible: Vec<_> = possible.iter().map(|it| it.label()).collect();
        Err(Invalid::new(format!(
            "can't be served by an address of kind {self}: choose from {}",
            possible.join(" ")
        )))
    }
}

/// Where calls, messages or letters reach a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An e-mail address.
    Email(EmailAddress),
    /// A phone number.
    Phone(PhoneNumber),
    /// A postal address.
    Postal(PostalAddress),
    /// A name in a messenger, on a site or of a device.
    Handle(Handle),
}

impl Address {
    /// What kind it is.
    pub const fn kind(&self) -> AddressKind {
        match self {
            Self::Email(_) => AddressKind::Email,
            Self::Phone(_) => AddressKind::Phone,
            Self::Postal(_) => AddressKind::Postal,
            Self::Handle(_) => AddressKind::Handle,
        }
    }

    /// The same for two spellings of one address of this kind: a customer has each once.
    pub fn identity(&self) -> String {
        match self {
            Self::Email(address) => address.mailbox(),
            Self::Phone(number) => number.to_string(),
            Self::Postal(address) => address.place(),
            Self::Handle(handle) => format!("{}:{}", handle.platform(), handle.id()),
        }
    }

    /// The channels it serves when nobody said which. A fixed line is not sent text messages, and
    /// a number is a fax only when somebody says so.
    pub fn usual_channels(&self) -> ChannelSet {
        match self {
            Self::Email(_) => ChannelSet::from_iter([Channel::Email]),
            Self::Phone(number) => {
                let text = number
                    .kind()
                    .may_take_text_messages()
                    .then_some(Channel::Sms);
                [Channel::Phone, Channel::CallCentre]
                    .into_iter()
                    .chain(text)
                    .collect()
            }
            Self::Postal(_) => ChannelSet::from_iter([Channel::Post]),
            Self::Handle(handle) => ChannelSet::from_iter([handle.usual_channel()]),
        }
    }
}
