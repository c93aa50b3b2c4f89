//! What customers choose.

use rapport_proto::rapport::customer::v1 as proto;

use crate::domain::channel::{Channel, Purpose};
use crate::domain::preferences::ChannelChoice;

/// A choice for a channel: for one purpose or for all, with its place in the order.
#[derive(Clone, Copy)]
pub(super) struct Chosen {
    channel: Channel,
    choice: ChannelChoice,
    purpose: Option<Purpose>,
    rank: i32,
}

pub(super) fn welcomes(channel: Channel, rank: i32) -> Chosen {
    Chosen {
        channel,
        choice: ChannelChoice::Allowed,
        purpose: None,
        rank,
    }
}

pub(super) fn refuses(channel: Channel) -> Chosen {
    Chosen {
        channel,
        choice: ChannelChoice::Refused,
        purpose: None,
        rank: 0,
    }
}

impl Chosen {
    pub(super) fn for_purpose(self, purpose: Purpose) -> Self {
        Self {
            purpose: Some(purpose),
            ..self
        }
    }

    pub(super) fn entry(self) -> proto::Preference {
        proto::Preference {
            purpose: self.purpose.map_or(0, Purpose::number),
            channel: self.channel.number(),
            choice: self.choice.number(),
            rank: self.rank,
            ..Default::default()
        }
    }
}
