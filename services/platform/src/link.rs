//! Names of resources of any service.

use std::collections::HashSet;

use crate::invalid::{Invalid, InvalidFields};

/// Longest name.
const MAX_NAME: usize = 250;
/// Most links of one resource.
const MAX_LINKS: usize = 20;

/// The name of a resource of any service, such as `quotes/{uuid}` or
/// `customers/{uuid}/roles/{uuid}` (AIP-122). Whether there is such a resource is not asked:
/// its service may not even run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link(String);

impl Link {
    /// Reads a name: pairs of a collection and an id, at most 250 characters.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        if raw.len() > MAX_NAME {
            return Err(Invalid::new(
                "is too long: a resource name has at most 250 characters",
            ));
        }
        let segments: Vec<_> = raw.split('/').collect();
        let pairs = segments.chunks(2);
        let well_formed =
            |pair: &[&str]| matches!(pair, [of, id] if is_collection(of) && is_id(id));
        if pairs.into_iter().all(well_formed) {
            Ok(Self(raw.to_owned()))
        } else {
            Err(Invalid::new(
                "is no resource name: write collections and ids in turn, such as quotes/17",
            ))
        }
    }

    /// Reads at most 20 names, each once, in their order.
    pub fn parse_all(raw: &[&str]) -> Result<Vec<Self>, InvalidFields> {
        if raw.len() > MAX_LINKS {
            return Err(Invalid::new("are too many: link at most 20 resources").into());
        }
        let mut faults = InvalidFields::default();
        let mut links = Vec::with_capacity(raw.len());
        let mut seen = HashSet::new();
        for (index, name) in raw.iter().enumerate() {
            let link = if seen.insert(name) {
                Self::parse(name)
            } else {
                Err(Invalid::new("repeats an earlier link: leave it out"))
            };
            links.extend(faults.take(&format!("[{index}]"), link));
        }
        faults.finish(Some(links))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_collection(segment: &str) -> bool {
    segment.starts_with(|it: char| it.is_ascii_lowercase())
        && segment.bytes().all(|it| it.is_ascii_alphabetic())
}

fn is_id(segment: &str) -> bool {
    let allowed = |it: u8| it.is_ascii_alphanumeric() || b"._-".contains(&it);
    !segment.is_empty() && segment.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_a_resource_of_any_service() {
        for name in [
            "quotes/17",
            "serviceRequests/0192f0c1-7d3a-7000-8000-000000000001",
            "customers/a/contactPoints/b.c_d-e",
        ] {
            assert_eq!(Link::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_is_no_resource_name_is_refused() {
        let long = format!("quotes/{}", "x".repeat(244));
        for name in [
            "",
            "quotes",
            "quotes/",
            "/quotes/1",
            "Quotes/1",
            "quotes/1/",
            "quotes/1/lines",
            "quotes//1",
            "quotes/a b",
            "quotes/ä",
            "https://example.com",
            "quote-lines/1",
            &long,
        ] {
            assert!(Link::parse(name).is_err(), "{name}");
        }
    }

    #[test]
    fn every_faulty_link_is_named() {
        let refused = Link::parse_all(&["quotes/1", "quotes", "quotes/1"]).unwrap_err();

        let fields: Vec<_> = refused.at("links").into_iter().map(|it| it.field).collect();
        assert_eq!(fields, ["links[1]", "links[2]"]);
        assert!(Link::parse_all(&["quotes/1"; 21]).is_err());
    }
}
