//! Postal addresses.

use super::fold::fold;
use super::invalid::{Invalid, InvalidFields};
use super::region::Region;
use super::text;

/// Most lines before the locality.
const MAX_LINES: usize = 5;
/// Longest line, in characters.
const MAX_LINE: usize = 200;
/// Longest locality or administrative area, in characters.
const MAX_PLACE: usize = 100;
/// Longest postal code, in characters.
const MAX_POSTAL_CODE: usize = 20;

/// Where letters reach a customer. How an address is written differs by country, so the lines are
/// kept as they go on the envelope and only the country is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostalAddress {
    region: Region,
    postal_code: Option<String>,
    administrative_area: Option<String>,
    locality: Option<String>,
    lines: Vec<String>,
}

/// A postal address as it was sent or stored; empty parts are unknown.
#[derive(Debug, Clone, Default)]
pub struct PostalAddressParts<'a> {
    /// ISO 3166-1 alpha-2; required.
    pub region_code: &'a str,
    /// Postal code, if the country has any.
    pub postal_code: &'a str,
    /// State, province or canton.
    pub administrative_area: &'a str,
    /// Town.
    pub locality: &'a str,
    /// Street, building and the like: 1 to 5 lines.
    pub address_lines: Vec<&'a str>,
}

impl PostalAddress {
    /// Reads an address.
    pub fn parse(parts: &PostalAddressParts<'_>) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let region = faults.take("region_code", parts.region_code.parse::<Region>());
        let mut optional = |field, raw, max| {
            let parsed = text::optional_line(raw, max);
            faults.take(field, parsed).flatten()
        };
        let postal_code = optional("postal_code", parts.postal_code, MAX_POSTAL_CODE);
        let administrative_area =
            optional("administrative_area", parts.administrative_area, MAX_PLACE);
        let locality = optional("locality", parts.locality, MAX_PLACE);
        let lines = faults.take("address_lines", address_lines(&parts.address_lines));
        faults.finish(region.zip(lines).map(|(region, lines)| Self {
            region,
            postal_code,
            administrative_area,
            locality,
            lines,
        }))
    }

    /// The country.
    pub const fn region(&self) -> Region {
        self.region
    }

    /// The postal code, where known.
    pub fn postal_code(&self) -> Option<&str> {
        self.postal_code.as_deref()
    }

    /// State, province or canton, where known.
    pub fn administrative_area(&self) -> Option<&str> {
        self.administrative_area.as_deref()
    }

    /// The town, where known.
    pub fn locality(&self) -> Option<&str> {
        self.locality.as_deref()
    }

    /// The lines before the town, 1 to 5.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The same for two spellings of one address that differ in case, accents, punctuation or
    /// white space only.
    pub fn place(&self) -> String {
        let named = [&self.postal_code, &self.administrative_area, &self.locality];
        let parts = named.into_iter().flatten().chain(&self.lines);
        let letters = parts.flat_map(|part| {
            let folded: Vec<_> = fold(part)
                .chars()
                .filter(|it| it.is_alphanumeric())
                .collect();
            folded.into_iter().chain(['|'])
        });
        self.region
            .code()
            .chars()
            .chain(['|'])
            .chain(letters)
            .collect()
    }
}

fn address_lines(raw: &[&str]) -> Result<Vec<String>, InvalidFields> {
    if raw.is_empty() {
        return Err(Invalid::new("is required: write the street or the post box").into());
    }
    if raw.len() > MAX_LINES {
        return Err(Invalid::new("has too many lines: at most 5 fit on an envelope").into());
    }
    let mut faults = InvalidFields::default();
    let mut lines = Vec::with_capacity(raw.len());
    for (index, line) in raw.iter().enumerate() {
        lines.extend(faults.take(&format!("[{index}]"), text::line(line, MAX_LINE)));
    }
    faults.finish(Some(lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office() -> PostalAddressParts<'static> {
        PostalAddressParts {
            region_code: "CH",
            postal_code: "8002",
            locality: "Zürich",
            address_lines: vec!["Brandschenkestrasse 110", "3. Stock"],
            ..PostalAddressParts::default()
        }
    }

    #[test]
    fn an_address_is_kept_as_it_goes_on_the_envelope() {
        let address = PostalAddress::parse(&office()).unwrap();

        assert_eq!(address.region().code(), "CH");
        assert_eq!(address.postal_code(), Some("8002"));
        assert_eq!(address.locality(), Some("Zürich"));
        assert_eq!(address.administrative_area(), None);
        assert_eq!(address.lines(), ["Brandschenkestrasse 110", "3. Stock"]);
    }

    #[test]
    fn every_faulty_part_is_named() {
        let refused = PostalAddress::parse(&PostalAddressParts {
            region_code: "Switzerland",
            postal_code: "800200000000000000000",
            address_lines: vec!["Brandschenkestrasse 110", ""],
            ..PostalAddressParts::default()
        })
        .unwrap_err();

        let fields: Vec<_> = refused
            .at("postal")
            .into_iter()
            .map(|it| it.field)
            .collect();
        assert_eq!(
            fields,
            [
                "postal.region_code",
                "postal.postal_code",
                "postal.address_lines[1]"
            ]
        );
    }

    #[test]
    fn one_to_five_lines_fit() {
        for (lines, fits) in [(0, false), (1, true), (5, true), (6, false)] {
            let parts = PostalAddressParts {
                address_lines: vec!["line"; lines],
                ..office()
            };
            assert_eq!(PostalAddress::parse(&parts).is_ok(), fits, "{lines}");
        }
    }

    #[test]
    fn spellings_of_one_place_are_recognised() {
        let place = |parts| PostalAddress::parse(&parts).unwrap().place();
        let respelt = PostalAddressParts {
            locality: "ZURICH",
            address_lines: vec!["Brandschenke-Strasse 110", "3 Stock"],
            ..office()
        };
        let next_door = PostalAddressParts {
            address_lines: vec!["Brandschenkestrasse 11", "03. Stock"],
            ..office()
        };

        assert_eq!(place(office()), place(respelt));
        assert_ne!(place(office()), place(next_door));
    }
}
