//! Settings of delivery.

use std::time::Duration;

use rapport_platform::config::{Secret, duration};
use serde::{Deserialize, Serialize};

use crate::domain::delivery::{MailServer, RetryPolicy};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How messages leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeliveryConfig {
    /// How often to look for what is due. What was just queued by this process leaves at once.
    #[serde(with = "duration")]
    pub poll_interval: Duration,
    /// Deliveries that a worker takes at a time, of all tenants in turn.
    pub batch_size: u64,
    /// Deliveries that a worker has under way at the same time.
    pub concurrency: usize,
    /// How long a worker holds a delivery. If its process dies, another takes the delivery up
    /// after that; half of it is the longest that one attempt may take.
    #[serde(with = "duration")]
    pub lease: Duration,
    /// Attempts before a delivery is given up.
    pub max_attempts: u32,
    /// The rest after the first attempt; it doubles every time.
    #[serde(with = "duration")]
    pub first_delay: Duration,
    /// The longest rest between two attempts.
    #[serde(with = "duration")]
    pub longest_delay: Duration,
    /// How long the notes of attempts are kept after their end.
    #[serde(with = "duration")]
    pub keep_attempts: Duration,
    /// How long a webhook may take to answer.
    #[serde(with = "duration")]
    pub webhook_timeout: Duration,
    /// Hosts inside the operators' network that webhooks may call, also without TLS, as URLs
    /// write them. All others must have public addresses.
    pub private_webhook_hosts: Vec<String>,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_secs(1),
            batch_size: 64,
            concurrency: 16,
            lease: 5 * MINUTE,
            // Some two days in all.
            max_attempts: 12,
            first_delay: MINUTE,
            longest_delay: 360 * MINUTE,
            keep_attempts: 90 * DAY,
            webhook_timeout: Duration::from_secs(15),
            private_webhook_hosts: Vec::new(),
        }
    }
}

impl DeliveryConfig {
    pub(crate) fn retry(&self) -> RetryPolicy {
        RetryPolicy {
            max_attempts: self.max_attempts.max(1),
            first_delay: self.first_delay,
            longest_delay: self.longest_delay,
        }
    }
}

/// The mail server that e-mails leave by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmtpConfig {
    /// Its name. Empty: there is none, and e-mails wait to be pulled from the queue.
    pub host: String,
    /// Its port; 0: the usual one, 587 for STARTTLS, 465 for TLS, 25 without.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// A file with the certificates, in PEM, of the authorities that may have signed the server's.
    /// Empty: those that browsers trust.
    pub ca_file: String,
    /// Who we are there; empty: nobody in particular.
    pub user: String,
    /// The user's password.
    pub password: Secret<String>,
    /// What the server calls us by in `EHLO`; empty: the domain of `from`.
    pub hello: String,
    /// Whom messages are from: `Shop <shop@example.com>`. Its domain is that of Message-IDs.
    pub from: String,
    /// Where answers go; empty: to `from`.
    pub reply_to: String,
    /// Where bounces go: `bounces@example.com`, which must take mail for `bounces+…` too. Feed
    /// it to `IngestMail`. Empty: bounces go to `from`, and are known by their Message-ID only.
    pub bounces: String,
    /// Connections that are kept open at most.
    pub pool_size: u32,
    /// How long the server may take over one command.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// How messages are signed.
    pub dkim: DkimConfig,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTls {
    /// Begins in the clear and must change to TLS before anything is said.
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// In the clear: for a server on this machine or in a protected network.
    None,
}

/// The DKIM signature (RFC 6376) on messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DkimConfig {
    /// The selector of the key in DNS; empty: messages are not signed here.
    pub selector: String,
    /// The signing domain.
    pub domain: String,
    /// The private RSA key, PEM in PKCS #1.
    pub key: Secret<String>,
}

impl Default for SmtpConfig {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 0,
            tls: SmtpTls::Starttls,
            ca_file: String::new(),
            user: String::new(),
            password: Secret::default(),
            hello: String::new(),
            from: String::new(),
            reply_to: String::new(),
            bounces: String::new(),
            pool_size: 4,
            timeout: MINUTE,
            dkim: DkimConfig::default(),
        }
    }
}

impl SmtpConfig {
    pub(crate) fn server(&self) -> MailServer {
        if self.host.is_empty() {
            MailServer::Absent
        } else {
            MailServer::Configured
        }
    }
}
