//! E-mail addresses.

use std::fmt;

use email_address::{EmailAddress as Rfc5321, Error as Rfc5321Error, Options};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;

use super::invalid::Invalid;

/// Longest address that mail servers pass on (RFC 5321, 4.5.3.1.3, less the angle brackets).
const MAX_ADDRESS: usize = 254;

/// An e-mail address that a mail server would accept, with a domain that DNS could hold.
///
/// The domain is kept as lower-case A-labels (`xn--mller-kva.de`), which is what is dialled; the
/// local part is kept as written, since only the receiving server knows whether case matters there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress {
    local: String,
    domain: String,
}

impl EmailAddress {
    /// Reads an address such as `ada@example.com` or `käthe@müller.de`, without a display name.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        let raw = raw.trim();
        if raw.is_empty() {
            return Err(Invalid::new(
                "is required: write an address such as ada@example.com",
            ));
        }
        // Bounds the work; every character takes at least one byte and A-labels only grow.
        if raw.len() > MAX_ADDRESS * 4 {
            return Err(too_long());
        }
        if raw.contains(['<', '>']) {
            return Err(explained(Rfc5321Error::UnsupportedDisplayName));
        }
        let (local, domain) = raw
            .rsplit_once('@')
            .ok_or_else(|| Invalid::new("has no '@': write an address such as ada@example.com"))?;
        let local: String = local.nfc().collect();
        let domain = dns_name(domain)?;
        let whole = format!("{local}@{domain}");
        let options = Options::default()
            .with_required_tld()
            .without_domain_literal()
            .without_display_text();
        Rfc5321::parse_with_options(&whole, options).map_err(explained)?;
        if whole.len() > MAX_ADDRESS {
            return Err(too_long());
        }
        Ok(Self { local, domain })
    }

    /// The part before the `@`, as written.
    pub fn local_part(&self) -> &str {
        &self.local
    }

    /// The domain in lower-case A-labels.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The address to send to: `käthe@xn--mller-kva.de`.
    pub fn as_sent(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// The same for two spellings of one mailbox: the address in lower case. Servers that tell
    /// `Ada` from `ada` exist on paper only.
    pub fn mailbox(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.domain)
    }
}

/// As people read it: the domain in Unicode.
impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (domain, _) = idna::domain_to_unicode(&self.domain);
        write!(f, "{}@{domain}", self.local)
    }
}

/// The domain as DNS holds it, after UTS 46: mapped, lower case, A-labels, lengths checked.
fn dns_name(raw: &str) -> Result<String, Invalid> {
    if raw.starts_with('[') {
        return Err(explained(Rfc5321Error::UnsupportedDomainLiteral));
    }
    let domain = Uts46::new()
        .to_ascii(
            raw.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .map_err(|_| {
            Invalid::new("has no valid domain after the '@': write one such as example.com")
        })?;
    let numeric = |label: &str| label.bytes().all(|it| it.is_ascii_digit());
    if domain.rsplit('.').next().is_none_or(numeric) {
        return Err(explained(Rfc5321Error::UnsupportedDomainLiteral));
    }
    Ok(domain.into_owned())
}

fn too_long() -> Invalid {
    Invalid::new("is too long: an e-mail address has at most 254 characters")
}

fn explained(error: Rfc5321Error) -> Invalid {
    Invalid::new(match error {
        Rfc5321Error::LocalPartEmpty => "has nothing before the '@': write the whole address",
        Rfc5321Error::LocalPartTooLong => {
            "is too long before the '@': at most 64 bytes are allowed there"
        }
        Rfc5321Error::DomainTooFew => {
            "has a domain without a top level: write one such as example.com"
        }
        Rfc5321Error::UnsupportedDomainLiteral => {
            "names an IP address: write a domain such as example.com after the '@'"
        }
        Rfc5321Error::UnsupportedDisplayName
        | Rfc5321Error::MissingDisplayName
        | Rfc5321Error::MissingEndBracket => {
            "holds more than an address: leave the name and the angle brackets out"
        }
        _ => {
            "is no e-mail address: before the '@' use letters, digits, dots between them and \
             !#$%&'*+-/=?^_`{|}~"
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_normalised_where_case_cannot_matter() {
        for (raw, sent, read) in [
            ("ada@example.com", "ada@example.com", "ada@example.com"),
            (
                " Ada.L@Example.COM ",
                "Ada.L@example.com",
                "Ada.L@example.com",
            ),
            (
                "käthe@MÜLLER.de",
                "käthe@xn--mller-kva.de",
                "käthe@müller.de",
            ),
            (
                "ka\u{308}the@mu\u{308}ller.de",
                "käthe@xn--mller-kva.de",
                "käthe@müller.de",
            ),
            ("a@XN--MLLER-KVA.de", "a@xn--mller-kva.de", "a@müller.de"),
            ("用户@例え。jp", "用户@xn--r8jz45g.jp", "用户@例え.jp"),
            (
                "x+tag_1@mail.example.co.uk",
                "x+tag_1@mail.example.co.uk",
                "x+tag_1@mail.example.co.uk",
            ),
        ] {
            let address = EmailAddress::parse(raw).unwrap();
            assert_eq!(address.as_sent(), sent);
            assert_eq!(address.to_string(), read);
        }
    }

    #[test]
    fn what_no_server_would_accept_is_refused_with_the_way_out() {
        let long_local = format!("{}@example.com", "x".repeat(65));
        let label = "y".repeat(60);
        let local = "x".repeat(64);
        let long_domain = format!("{local}@{label}.{label}.{label}.example.com");
        for (raw, says) in [
            ("", "is required"),
            ("ada", "has no '@'"),
            ("@example.com", "nothing before the '@'"),
            ("ada@", "no valid domain"),
            ("ada@example", "without a top level"),
            ("ada@-example.com", "no valid domain"),
            ("ada@exa mple.com", "no valid domain"),
            ("ada@example.com.", "no valid domain"),
            ("ada@[127.0.0.1]", "names an IP address"),
            ("ada@127.0.0.1", "names an IP address"),
            ("Ada <ada@example.com>", "holds more than an address"),
            ("<ada@example.com", "holds more than an address"),
            (".ada@example.com", "is no e-mail address"),
            ("a..b@example.com", "is no e-mail address"),
            ("a b@example.com", "is no e-mail address"),
            ("a@b@example.com", "is no e-mail address"),
            (&long_local, "too long before the '@'"),
            (&long_domain, "too long"),
            (&"z".repeat(5_000), "too long"),
        ] {
            let refused = EmailAddress::parse(raw).unwrap_err().to_string();
            assert!(refused.contains(says), "{raw}: {refused}");
        }
    }

    #[test]
    fn a_mailbox_is_the_same_however_it_is_spelt() {
        let one = EmailAddress::parse("Ada@Müller.de").unwrap();
        let two = EmailAddress::parse("ada@xn--mller-kva.de").unwrap();

        assert_eq!(one.mailbox(), two.mailbox());
        assert_ne!(one, two);
    }

    proptest! {
        #[test]
        fn no_input_breaks_the_parser(raw in any::<String>()) {
            let _ = EmailAddress::parse(&raw);
        }

        #[test]
        fn a_parsed_address_parses_to_itself(
            raw in "[a-zA-Zé王]{1,8}([.+_-][a-z0-9]{1,5})?@[a-zA-Z0-9ü例]{1,10}\\.[a-z]{2,6}"
        ) {
            if let Ok(address) = EmailAddress::parse(&raw) {
                prop_assert_eq!(EmailAddress::parse(&address.as_sent()), Ok(address.clone()));
                prop_assert_eq!(EmailAddress::parse(&address.to_string()), Ok(address));
            }
        }
    }
}
