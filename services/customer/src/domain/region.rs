//! Countries and territories.

use std::fmt;
use std::str::FromStr;

use super::invalid::Invalid;

/// ISO 3166-1 alpha-2 codes in use, and XK, which postal and phone networks use for Kosovo.
const CODES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ \
    BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM \
    DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS \
    GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN \
    KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ \
    MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM \
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV \
    SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI \
    VN VU WF WS XK YE YT ZA ZM ZW";

/// A country or territory: ISO 3166-1 alpha-2, such as `CH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(&'static str);

impl Region {
    /// The two capital letters.
    pub const fn code(self) -> &'static str {
        self.0
    }
}

impl FromStr for Region {
    type Err = Invalid;

    fn from_str(raw: &str) -> Result<Self, Invalid> {
        CODES
            .split_ascii_whitespace()
            .find(|code| code.eq_ignore_ascii_case(raw.trim()))
            .map(Self)
            .ok_or_else(|| Invalid::new("is no country: write an ISO 3166-1 code such as CH"))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_known_by_two_letters() {
        for code in ["AD", "CH", "XK", "ZW"] {
            assert_eq!(code.parse::<Region>().map(Region::code), Ok(code));
        }
        assert_eq!(" ch ".parse::<Region>().map(Region::code), Ok("CH"));
        assert_eq!(CODES.split_ascii_whitespace().count(), 250);
    }

    #[test]
    fn what_is_no_country_is_refused() {
        for raw in ["", "C", "UK", "XX", "CHE", "C H", "AD AE"] {
            assert!(raw.parse::<Region>().is_err(), "{raw}");
        }
    }
}
