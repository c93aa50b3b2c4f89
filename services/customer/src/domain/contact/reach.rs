//! Which contacts a rule is about.

use super::purposes::PurposeSet;
use crate::domain::channel::{Channel, ChannelSet, Purpose};
use crate::domain::invalid::{Invalid, InvalidFields};

/// The channels and purposes that a rule is about. A receipt, or a notice that the law demands, is
/// under no such rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reach {
    channels: ChannelSet,
    purposes: PurposeSet,
}

impl Reach {
    /// Everything that customers may choose about.
    pub fn everything() -> Self {
        Self {
            channels: Channel::ALL.iter().copied().collect(),
            purposes: PurposeSet::choosable(),
        }
    }

    /// Reads the numbers of channels and purposes; none means all.
    pub fn parse(channels: &[i32], purposes: &[i32]) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let mut named = Vec::with_capacity(channels.len());
        for (index, &number) in channels.iter().enumerate() {
            named.extend(faults.take(&format!("channels[{index}]"), Channel::try_from(number)));
        }
        let mut meant = Vec::with_capacity(purposes.len());
        for (index, &number) in purposes.iter().enumerate() {
            meant.extend(faults.take(&format!("purposes[{index}]"), choosable(number)));
        }
        faults.finish(Some(Self::of(
            named.into_iter().collect(),
            meant.into_iter().collect(),
        )))
    }

    /// These channels and purposes; an empty set means all.
    pub fn of(channels: ChannelSet, purposes: PurposeSet) -> Self {
        let everything = Self::everything();
        Self {
            channels: match channels.is_empty() {
                true => everything.channels,
                false => channels,
            },
            purposes: match purposes.is_empty() {
                true => everything.purposes,
                false => purposes,
            },
        }
    }

    /// Whether contacts on the channel for the purpose are among them.
    pub fn covers(self, channel: Channel, purpose: Purpose) -> bool {
        self.channels.contains(channel) && self.purposes.contains(purpose)
    }

    /// The channels, as they are written: none when all are meant.
    pub fn named_channels(self) -> Vec<Channel> {
        match self.channels == Self::everything().channels {
            true => Vec::new(),
            false => self.channels.iter().collect(),
        }
    }

    /// The purposes, as they are written: none when all are meant.
    pub fn named_purposes(self) -> Vec<Purpose> {
        match self.purposes == PurposeSet::choosable() {
            true => Vec::new(),
            false => self.purposes.iter().collect(),
        }
    }
}

/// A purpose about which customers may choose.
pub fn choosable(number: i32) -> Result<Purpose, Invalid> {
    let purpose = Purpose::try_from(number)?;
    if purpose.obeys_preferences() {
        return Ok(purpose);
    }
    Err(Invalid::new(format!(
        "can't be chosen: {purpose} contacts are made whatever the customer prefers; use \
         MARKETING, SALES or SERVICE"
    )))
}
