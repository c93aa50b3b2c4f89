//! Messages on their way out: how far they can be, what follows from how an attempt ended, and
//! what is learnt afterwards.

mod failure;
pub mod mail_report;
mod retry;
pub mod webhook;

pub use failure::FailureClass;
pub use retry::{Next, RetryPolicy};

use super::channel::Channel;
use super::invalid::Invalid;
use rapport_platform::numbered;

numbered! {
    /// How far a delivery is.
    pub enum DeliveryState as "state of a delivery" {
        /// Waits for its connector or for its next attempt.
        Queued = 1 "QUEUED",
        /// A connector holds it.
        Leased = 2 "LEASED",
        /// The connector's other side took it over.
        Sent = 3 "SENT",
        /// It is known to have arrived.
        Delivered = 4 "DELIVERED",
        /// The customer refuses it or can't be reached any more.
        Refused = 5 "REFUSED",
        /// It was given up.
        Failed = 6 "FAILED",
        /// It was called off.
        Cancelled = 7 "CANCELLED",
    }
}

numbered! {
    /// Who carries a delivery out.
    pub enum Connector as "connector" {
        /// The mail server in the configuration.
        Smtp = 1 "SMTP",
        /// A signed call of the route's URL.
        Webhook = 2 "WEBHOOK",
        /// Whoever pulls from the queue.
        Queue = 3 "QUEUE",
    }
}

numbered! {
    /// How an attempt ended.
    pub enum AttemptResult as "result" {
        /// The other side took the message over.
        Sent = 1 "SENT",
        /// The message is known to have arrived.
        Delivered = 2 "DELIVERED",
        /// Nobody answered.
        NoAnswer = 3 "NO_ANSWER",
        /// It failed, and may work later.
        FailedTemporarily = 4 "FAILED_TEMPORARILY",
        /// It failed, and will every time.
        FailedPermanently = 5 "FAILED_PERMANENTLY",
        /// The connector did not tell: the message may have been sent.
        Unknown = 6 "UNKNOWN",
    }
}

numbered! {
    /// What kind of bounce it was.
    pub enum BounceKind as "kind of bounce" {
        /// For good.
        Hard = 1 "HARD",
        /// For now.
        Soft = 2 "SOFT",
    }
}

numbered! {
    /// What a mail said about a delivery.
    pub enum MailReport as "report" {
        /// Nothing that we know.
        Unrecognised = 1 "UNRECOGNISED",
        /// It came back for good.
        HardBounce = 2 "HARD_BOUNCE",
        /// It is delayed, or came back for now.
        SoftBounce = 3 "SOFT_BOUNCE",
        /// It arrived.
        Delivered = 4 "DELIVERED",
        /// Its receiver complained.
        Complaint = 5 "COMPLAINT",
    }
}

impl Connector {
    /// Refuses a channel that the connector can't carry.
    pub fn can_carry(self, channel: Channel) -> Result<Self, Invalid> {
        match self {
            Self::Smtp if channel != Channel::Email => Err(Invalid::new(
                "can't be SMTP: it carries EMAIL only, choose WEBHOOK or QUEUE",
            )),
            _ => Ok(self),
        }
    }

    /// The route of a channel that nobody set one for.
    pub fn usual_for(channel: Channel, mail_server: MailServer) -> Self {
        match (channel, mail_server) {
            (Channel::Email, MailServer::Configured) => Self::Smtp,
            _ => Self::Queue,
        }
    }
}

/// Whether the configuration names a mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailServer {
    /// It does.
    Configured,
    /// It does not: e-mails wait in the queue, like everything else.
    Absent,
}

/// What became known after a message was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feedback {
    /// It came back for good.
    HardBounce,
    /// It is delayed, or came back for now.
    SoftBounce,
    /// It arrived.
    Delivered,
    /// Its receiver complained, so it arrived.
    Complaint,
}

impl Feedback {
    /// What a report means, if anything.
    pub const fn of(report: MailReport) -> Option<Self> {
        match report {
            MailReport::Unrecognised => None,
            MailReport::HardBounce => Some(Self::HardBounce),
            MailReport::SoftBounce => Some(Self::SoftBounce),
            MailReport::Delivered => Some(Self::Delivered),
            MailReport::Complaint => Some(Self::Complaint),
        }
    }

    /// The state that a delivery is in since then. What came back stays so, also when an earlier
    /// report that it had arrived comes later: the last server on the way knows best. A
    /// complaint is a proof of arrival that nothing outweighs.
    pub const fn moves(self, from: DeliveryState) -> DeliveryState {
        match self {
            Self::HardBounce => DeliveryState::Failed,
            Self::SoftBounce => from,
            Self::Delivered => match from {
                DeliveryState::Failed => from,
                _ => DeliveryState::Delivered,
            },
            Self::Complaint => DeliveryState::Delivered,
        }
    }
}

impl DeliveryState {
    /// Whether somebody may still take it up.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Leased)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_carries_mail_only() {
        assert!(Connector::Smtp.can_carry(Channel::Email).is_ok());
        assert!(Connector::Smtp.can_carry(Channel::Sms).is_err());
        for &channel in Channel::ALL {
            assert!(Connector::Webhook.can_carry(channel).is_ok());
            assert!(Connector::Queue.can_carry(channel).is_ok());
        }
    }

    #[test]
    fn what_nobody_routed_waits_in_the_queue() {
        use MailServer::{Absent, Configured};
        for (channel, server, connector) in [
            (Channel::Email, Configured, Connector::Smtp),
            (Channel::Email, Absent, Connector::Queue),
            (Channel::Sms, Configured, Connector::Queue),
        ] {
            assert_eq!(Connector::usual_for(channel, server), connector);
        }
    }

    #[test]
    fn what_came_back_has_not_arrived_whatever_was_said_before() {
        use DeliveryState::{Delivered, Failed, Queued, Sent};
        for (from, feedback, to) in [
            (Sent, Feedback::Delivered, Delivered),
            (Sent, Feedback::HardBounce, Failed),
            (Queued, Feedback::HardBounce, Failed),
            (Failed, Feedback::Delivered, Failed),
            (Delivered, Feedback::HardBounce, Failed),
            (Sent, Feedback::SoftBounce, Sent),
            (Sent, Feedback::Complaint, Delivered),
        ] {
            assert_eq!(feedback.moves(from), to, "{from} {feedback:?}");
        }
    }
}
