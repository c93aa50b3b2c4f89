//! Settings of the gateway.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use rapport_platform::config::duration;
use rapport_platform::public_url::{InvalidPublicUrl, PublicUrl};
use rapport_platform::server::DeadlineConfig;
use serde::{Deserialize, Serialize};

/// Where the gateway listens, whom it believes and what it accepts.
///
/// Durations are written as `5s` or `250ms`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayConfig {
    /// The address that callers reach. Loopback only: there is no TLS yet.
    pub listen: SocketAddr,
    /// Where people outside reach the pages that they open from a message, such as
    /// `https://contact.example.com`: links begin with it. Without it no links are made and no
    /// pages are shown.
    pub public_url: Option<String>,
    /// The pages that customers open from a message.
    pub pages: PagesConfig,
    /// The token for programs on this machine.
    pub local_token: LocalTokenConfig,
    /// The identity provider whose tokens are believed.
    pub provider: Option<ProviderConfig>,
    /// What each role may do: permissions such as `customer.customers.get`, everything below
    /// a prefix (`customer.*`), or everything (`*`).
    pub roles: BTreeMap<String, Vec<String>>,
    /// What every authenticated caller may do, whatever his roles.
    pub everybody: Vec<String>,
    /// What a call may cost.
    pub limits: LimitsConfig,
}

/// The HTTP/1.1 server of the pages by which customers unsubscribe and confirm an opt-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PagesConfig {
    /// Where it listens, for the proxy that terminates TLS at `gateway.public_url`. Loopback only,
    /// as `gateway.listen`.
    pub listen: SocketAddr,
}

impl Default for PagesConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 50052),
        }
    }
}

/// A random token in a file that only its owner can read. Whoever can read it is the
/// administrator of the embedded tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LocalTokenConfig {
    /// Whether the token is accepted. Turn it off where an identity provider is used.
    pub enabled: bool,
    /// Where it is kept; made at the first start.
    pub file: PathBuf,
}

/// An OpenID Connect provider, or anything else that signs JWTs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// The provider's public keys as a JWK set (RFC 7517). Read again when it changes.
    pub jwks_file: PathBuf,
    /// The `iss` that tokens must have.
    pub issuer: String,
    /// The `aud` that tokens must have.
    pub audience: String,
    /// How far the provider's clock may differ from ours.
    #[serde(with = "duration", default = "default_leeway")]
    pub leeway: Duration,
    /// How often the file is looked at.
    #[serde(with = "duration", default = "default_reload")]
    pub reload: Duration,
}

/// What a call may cost.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Largest message that is read to judge a call, before and after decompression.
    pub message_bytes: usize,
    /// Most fields that such a message may hold, sub-messages included. Bounds what decoding
    /// costs: a field of two bytes can become hundreds.
    pub message_fields: usize,
    /// Bytes of messages held back at once, in all calls. A call that would need more is
    /// answered OVERLOADED.
    pub buffered_bytes: usize,
    /// Deadline of a call that brings none and answers with one message.
    #[serde(with = "duration")]
    pub unary_deadline: Duration,
    /// Deadline of a call that brings none and streams.
    #[serde(with = "duration")]
    pub stream_deadline: Duration,
    /// However much time a caller allows, at the gateway and at the services in its process.
    #[serde(with = "duration")]
    pub longest_deadline: Duration,
}

impl LimitsConfig {
    /// How long a call may take; one that streams and brings no deadline gets
    /// [`stream_deadline`](Self::stream_deadline).
    pub fn deadlines(&self) -> DeadlineConfig {
        DeadlineConfig {
            default: self.unary_deadline,
            maximum: self.longest_deadline,
        }
    }
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 50051),
            public_url: None,
            pages: PagesConfig::default(),
            local_token: LocalTokenConfig::default(),
            provider: None,
            roles: BTreeMap::from([("admin".to_owned(), vec!["*".to_owned()])]),
            everybody: vec!["gateway.access.*".to_owned()],
            limits: LimitsConfig::default(),
        }
    }
}

impl Default for LocalTokenConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            file: PathBuf::from("data/local.token"),
        }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            message_bytes: 4 << 20,
            message_fields: 50_000,
            buffered_bytes: 256 << 20,
            unary_deadline: Duration::from_secs(30),
            stream_deadline: Duration::from_secs(60 * 60),
            longest_deadline: Duration::from_secs(24 * 60 * 60),
        }
    }
}

fn default_leeway() -> Duration {
    Duration::from_secs(30)
}

fn default_reload() -> Duration {
    Duration::from_secs(5)
}

/// The address is one that other machines can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "refusing to listen on {0}: other machines could reach it, and the gateway has no TLS yet. \
     Listen on a loopback address such as 127.0.0.1:50051; anything else needs TLS and a real \
     identity provider"
)]
pub struct ExposedAddress(pub SocketAddr);

impl GatewayConfig {
    /// The address to listen on.
    ///
    /// # Errors
    /// When it is not a loopback address.
    pub fn listen_address(&self) -> Result<SocketAddr, ExposedAddress> {
        loopback(self.listen)
    }

    /// The address to show pages on; none when there is no public address that leads to it.
    ///
    /// # Errors
    /// When it is not a loopback address.
    pub fn pages_address(&self) -> Result<Option<SocketAddr>, ExposedAddress> {
        match self.public_url {
            Some(_) => loopback(self.pages.listen).map(Some),
            None => Ok(None),
        }
    }

    /// What links to pages begin with.
    ///
    /// # Errors
    /// When links that begin with it would not work.
    pub fn public_url(&self) -> Result<Option<PublicUrl>, InvalidPublicUrl> {
        let url = self.public_url.as_deref();
        url.map(PublicUrl::parse).transpose()
    }
}

fn loopback(address: SocketAddr) -> Result<SocketAddr, ExposedAddress> {
    // An IPv4 loopback address may also be written as an IPv6 one.
    if address.ip().to_canonical().is_loopback() {
        Ok(address)
    } else {
        Err(ExposedAddress(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_shown_where_a_public_address_leads_to_them() {
        let config = |url: Option<&str>, listen: &str| GatewayConfig {
            public_url: url.map(str::to_owned),
            pages: PagesConfig {
                listen: listen.parse().unwrap(),
            },
            ..GatewayConfig::default()
        };
        assert_eq!(config(None, "0.0.0.0:80").pages_address(), Ok(None));
        let url = Some("https://contact.example.com");
        assert!(
            config(url, "127.0.0.1:0")
                .pages_address()
                .unwrap()
                .is_some()
        );
        assert!(config(url, "0.0.0.0:80").pages_address().is_err());
        assert!(config(url, "127.0.0.1:0").public_url().unwrap().is_some());
        assert!(config(Some("nowhere"), "127.0.0.1:0").public_url().is_err());
    }

    fn listening_on(address: &str) -> Result<SocketAddr, ExposedAddress> {
        let listen = address.parse().unwrap();
        GatewayConfig {
            listen,
            ..GatewayConfig::default()
        }
        .listen_address()
    }

    #[test]
    fn only_loopback_addresses_are_listened_on() {
        for loopback in [
            "127.0.0.1:0",
            "127.8.9.1:1",
            "[::1]:0",
            "[::ffff:127.0.0.1]:0",
        ] {
            assert!(listening_on(loopback).is_ok(), "{loopback}");
        }
        for exposed in [
            "0.0.0.0:50051",
            "[::]:50051",
            "192.168.0.7:50051",
            "[fe80::1]:0",
        ] {
            let message = listening_on(exposed).unwrap_err().to_string();
            assert!(
                message.contains("TLS and a real identity provider"),
                "{message}"
            );
        }
        assert!(GatewayConfig::default().listen_address().is_ok());
    }
}
