//! Webhooks: where they may lead, and how a call is signed (Standard Webhooks).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use url::{Host, Url};

use crate::domain::invalid::Invalid;

/// Longest URL.
const MAX_URL: usize = 2_000;
/// What every secret begins with.
const PREFIX: &str = "whsec_";

/// The key of a signature, shared with the receiver.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// Reads `whsec_` and the base64 of 24 to 64 bytes.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        let key = raw
            .strip_prefix(PREFIX)
            .and_then(|key| STANDARD.decode(key).ok())
            .filter(|key| (24..=64).contains(&key.len()));
        key.map(Self)
            .ok_or_else(|| Invalid::new("must be `whsec_` and the base64 of 24 to 64 random bytes"))
    }

    /// The value of `webhook-signature` for a message with this id, sent at that second.
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        // A key of any length will do for HMAC.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return String::new();
        };
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(***)")
    }
}

/// The hosts inside our own network that webhooks may call: nobody gets to others by a URL of
/// his choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrivateHosts(Vec<String>);

impl PrivateHosts {
    /// These names and addresses, as URLs write them.
    pub fn new(hosts: impl IntoIterator<Item = String>) -> Self {
        let hosts = hosts.into_iter().map(|it| it.to_ascii_lowercase());
        Self(hosts.collect())
    }

    fn contains(&self, host: &str) -> bool {
        self.0.iter().any(|it| it == host)
    }
}

/// Where a webhook leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUrl {
    url: Url,
    host: String,
    reach: Reach,
}

/// Which addresses the host of a URL may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public ones only.
    Public,
    /// Any: the operators named the host.
    Any,
}

impl WebhookUrl {
    /// Reads a URL: `https` without user or fragment, on a host that is no address of a private
    /// network. The hosts that the operators named may be private, and spoken to in the clear.
    pub fn parse(raw: &str, private: &PrivateHosts) -> Result<Self, Invalid> {
        let malformed = || Invalid::new("is no URL: write one such as https://example.com/hook");
        if raw.len() > MAX_URL {
            return Err(Invalid::new("is too long: at most 2,000 characters"));
        }
        let url = Url::parse(raw).map_err(|_| malformed())?;
        let host = url.host().ok_or_else(malformed)?.to_owned();
        let name = host.to_string();
        let reach = if private.contains(&name) {
            Reach::Any
        } else {
            Reach::Public
        };
        let clear = reach == Reach::Any && url.scheme() == "http";
        if url.scheme() != "https" && !clear {
            return Err(Invalid::new("must begin with https://"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(Invalid::new("must have neither user nor fragment"));
        }
        let address = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
        };
        if address.is_some_and(|address| !reach.allows(address)) {
            return Err(Invalid::new("must lead to a public address"));
        }
        Ok(Self {
            url,
            host: name,
            reach,
        })
    }

    /// The URL.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// The host as it is looked up: a name, or an address without brackets.
    pub fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    /// Which addresses the host may have. Names are looked up for every call, and can change.
    pub const fn reach(&self) -> Reach {
        self.reach
    }
}

impl Reach {
    /// Whether a call may go to this address.
    pub fn allows(self, address: IpAddr) -> bool {
        match (self, address) {
            (Self::Any, _) => true,
            (Self::Public, IpAddr::V4(address)) => is_public_v4(address),
            (Self::Public, IpAddr::V6(address)) => is_public_v6(address),
        }
    }
}

/// As `Ipv4Addr::is_global`, which is not stable yet: the IANA registry of special addresses.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b & 0xfe) == 18)
        || a >= 240;
    !special
}

/// Global unicast only, and none of the forms that hide an IPv4 address.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let global = first & 0xe000 == 0x2000;
    let special = first == 0x2002 // 6to4
        || (first == 0x2001 && second < 0x0200) // protocol assignments, Teredo among them
        || (first == 0x2001 && second == 0x0db8)
        || (first == 0x3fff && second < 0x1000); // documentation
    global && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn a_signature_is_the_one_of_the_specification() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();

        let signature = secret.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );

        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(format!("{secret:?}"), "WebhookSecret(***)");
    }

    #[test]
    fn weak_secrets_are_refused() {
        for raw in ["", "whsec_", "whsec_c2hvcnQ=", "whsec_***", "secret"] {
            assert!(WebhookSecret::parse(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn a_webhook_leads_out_of_our_network() {
        let none = PrivateHosts::default();
        for url in ["https://example.com/hook?a=1", "https://8.8.8.8:8443/"] {
            assert!(WebhookUrl::parse(url, &none).is_ok(), "{url}");
        }
        for url in [
            "",
            "example.com",
            "http://example.com/",
            "ftp://example.com/",
            "https://user:pass@example.com/",
            "https://example.com/#part",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[fd00::1]/",
            "http://localhost/",
        ] {
            assert!(WebhookUrl::parse(url, &none).is_err(), "{url}");
        }
    }

    #[test]
    fn operators_may_name_private_hosts() {
        let hosts = PrivateHosts::new(["127.0.0.1".to_owned(), "Hooks.Internal".to_owned()]);
        for url in ["http://127.0.0.1:8080/hook", "https://hooks.internal/"] {
            let parsed = WebhookUrl::parse(url, &hosts).unwrap();
            assert_eq!(parsed.reach(), Reach::Any);
        }
        assert!(WebhookUrl::parse("http://127.0.0.2/", &hosts).is_err());
    }

    #[test]
    fn only_public_addresses_are_public() {
        for address in ["1.1.1.1", "193.0.6.139", "2a00:1450:4001:82a::200e"] {
            assert!(Reach::Public.allows(address.parse().unwrap()), "{address}");
        }
        for address in [
            "0.0.0.0",
            "100.64.0.1",
            "172.16.5.4",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "fc00::1",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!Reach::Public.allows(address.parse().unwrap()), "{address}");
        }
    }
}
