//! Time zones by their names.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::invalid::Invalid;

/// The zones of the IANA database that is compiled in: the same on every machine, whether or not it
/// has files of its own.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone of the IANA database, such as `Europe/Zurich`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ZoneName(String);

impl ZoneName {
    /// Reads a name, in any case; it is kept as the database writes it.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        ZONES
            .get(raw.trim())
            .ok()
            .and_then(|zone| zone.iana_name().map(str::to_owned))
            .map(Self)
            .ok_or_else(|| {
                Invalid::new("is no time zone: write an IANA name such as Europe/Zurich")
            })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its clock.
    pub fn zone(&self) -> TimeZone {
        // The name was read from this database.
        ZONES.get(&self.0).unwrap_or(TimeZone::UTC)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_zone_is_one_of_the_databases() {
        assert_eq!(
            ZoneName::parse("europe/zurich").unwrap().as_str(),
            "Europe/Zurich"
        );
        assert_eq!(ZoneName::parse("UTC").unwrap().as_str(), "UTC");
        for raw in [
            "",
            "CEST+2",
            "Europe/Atlantis",
            "+02:00",
            "../../etc/passwd",
        ] {
            assert!(ZoneName::parse(raw).is_err(), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(raw in any::<String>()) {
            let _ = ZoneName::parse(&raw);
        }
    }
}
