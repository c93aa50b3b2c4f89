//! Where people outside reach the pages of the suite.

use http::Uri;

/// Longest address that is taken: mail headers and text messages carry it.
const MAX_LENGTH: usize = 200;

/// The beginning of every link to a page: `https://contact.example.com`, perhaps with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

/// The setting is not such an address. It is shown nowhere: it may hold anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a public address is `https://` and a host, perhaps a port and a path, up to 200 characters \
     without query, fragment and user, such as `https://contact.example.com`; `http://` is for \
     loopback hosts only"
)]
pub struct InvalidPublicUrl;

impl PublicUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// When links that begin with it would not work, or would show who clicks on them.
    pub fn parse(text: &str) -> Result<Self, InvalidPublicUrl> {
        let uri: Uri = text.parse().map_err(|_| InvalidPublicUrl)?;
        let host = uri.host().unwrap_or_default();
        let authority = uri.authority().map(http::uri::Authority::as_str);
        let scheme = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => is_loopback(host),
            _ => false,
        };
        let plain = uri.query().is_none()
            && !text.contains('#')
            && !authority.unwrap_or_default().contains('@');
        let safe = |byte: u8| byte.is_ascii_graphic() && !b"<>\"'`\\,;".contains(&byte);
        if !scheme
            || host.is_empty()
            || !plain
            || !text.bytes().all(safe)
            || text.len() > MAX_LENGTH
        {
            return Err(InvalidPublicUrl);
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The address of something below it; `path` begins with a slash.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address: Result<std::net::IpAddr, _> = host.parse();
    host == "localhost" || address.is_ok_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_begin_with_the_address_whether_it_ends_with_a_slash_or_not() {
        for text in [
            "https://contact.example.com",
            "https://contact.example.com/",
        ] {
            let url = PublicUrl::parse(text).unwrap();
            assert_eq!(url.at("/u/1"), "https://contact.example.com/u/1");
        }
        let below = PublicUrl::parse("https://example.com:8443/crm/").unwrap();
        assert_eq!(below.at("/u/1"), "https://example.com:8443/crm/u/1");
    }

    #[test]
    fn links_are_encrypted_unless_they_stay_on_the_machine() {
        for text in [
            "http://127.0.0.1:50052",
            "http://localhost:50052",
            "http://[::1]:50052",
        ] {
            assert!(PublicUrl::parse(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "contact.example.com",
            "http://contact.example.com",
            "ftp://contact.example.com",
            "https://",
            "https://ada@example.com",
            "https://example.com?q=1",
            "https://example.com#top",
            "https://example.com/<script>",
            "https://example.com/a b",
        ] {
            assert!(PublicUrl::parse(text).is_err(), "{text}");
        }
        let long = format!("https://example.com/{}", "a".repeat(MAX_LENGTH));
        assert!(PublicUrl::parse(&long).is_err());
    }
}
