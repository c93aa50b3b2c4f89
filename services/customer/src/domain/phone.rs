//! Phone numbers.

use std::fmt;

use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, ParseError};

use super::fold::fold;
use super::invalid::Invalid;
use super::region::Region;
use rapport_platform::numbered;

/// Longest text read as a phone number; with spaces, an extension and a `tel:` none is longer.
const MAX_TEXT: usize = 64;
/// Longest country calling code (ITU-T E.164).
const MAX_CALLING_CODE: usize = 3;

numbered! {
    /// What a number reaches, as far as the numbering plan tells.
    pub enum LineKind as "kind of line" {
        /// A mobile phone.
        Mobile = 1 "MOBILE",
        /// A fixed line.
        Fixed = 2 "FIXED",
        /// Either: in North America, for one, the number does not tell.
        FixedOrMobile = 3 "FIXED_OR_MOBILE",
        /// Anything else, such as a freephone or an internet number.
        Other = 4 "OTHER",
    }
}

impl LineKind {
    /// Whether a text message is worth trying without being told that the line takes them.
    pub const fn may_take_text_messages(self) -> bool {
        match self {
            Self::Mobile | Self::FixedOrMobile => true,
            Self::Fixed | Self::Other => false,
        }
    }
}

/// A phone number that the numbering plan of its country knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber {
    /// Country code and national number, digits only.
    digits: String,
    /// Length of the country code in `digits`.
    calling_code: usize,
    extension: Option<String>,
    kind: LineKind,
}

impl PhoneNumber {
    /// Reads a number in any notation. One without country code is a number of `region`.
    pub fn parse(raw: &str, region: Option<Region>) -> Result<Self, Invalid> {
        let raw = raw.trim();
        if raw.is_empty() {
            return Err(Invalid::new(
                "is required: write a number such as +41 44 668 18 00",
            ));
        }
        if raw.len() > MAX_TEXT {
            return Err(Invalid::new(
                "is too long: a phone number has at most 15 digits",
            ));
        }
        let country = region.and_then(|region| region.code().parse().ok());
        // The library takes `;ext=` only behind dashes, and digits of few scripts.
        let plain = fold(raw).replace(";ext=", " ext. ");
        let number =
            phonenumber::parse(country, plain).map_err(|error| explained(&error, region))?;
        if !number.is_valid() {
            return Err(unknown(number.code().source(), region));
        }
        let e164 = number.format().mode(Mode::E164).to_string();
        let kind = line_kind(number.code().value(), &number.national().to_string());
        let extension = number.extension().map(|it| it.as_ref().to_owned());
        Self::assemble(&e164, extension.filter(|it| !it.is_empty()), kind)
            .ok_or_else(|| unknown(number.code().source(), region))
    }

    /// Puts a number together again that was parsed before it was stored.
    pub fn stored(e164: &str, extension: Option<String>, kind: LineKind) -> Option<Self> {
        Self::assemble(e164, extension, kind)
    }

    fn assemble(e164: &str, extension: Option<String>, kind: LineKind) -> Option<Self> {
        let digits = e164.strip_prefix('+')?;
        Some(Self {
            calling_code: calling_code_length(digits)?,
            digits: digits.to_owned(),
            extension,
            kind,
        })
    }

    /// E.164: `+41446681800`, without the extension.
    pub fn e164(&self) -> String {
        format!("+{}", self.digits)
    }

    /// Country code and national number, digits only.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// The national number, without the zero that is dialled before it in the country; where the
    /// zero belongs to the number, as in Italy, with it.
    pub fn national_digits(&self) -> &str {
        &self.digits[self.calling_code..]
    }

    /// What to dial when connected.
    pub fn extension(&self) -> Option<&str> {
        self.extension.as_deref()
    }

    /// What the number reaches.
    pub const fn kind(&self) -> LineKind {
        self.kind
    }
}

/// `+41446681800`, or with an extension `+41446681800;ext=12` (RFC 3966).
impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.digits)?;
        match &self.extension {
            Some(extension) => write!(f, ";ext={extension}"),
            None => Ok(()),
        }
    }
}

/// Calling codes are prefix-free: at most one of the beginnings is one.
fn calling_code_length(digits: &str) -> Option<usize> {
    (1..=MAX_CALLING_CODE).find(|&length| {
        let code = digits.get(..length).and_then(|it| it.parse::<u16>().ok());
        code.is_some_and(|code| DATABASE.region(&code).is_some())
    })
}

/// Asks every plan under the calling code, since several countries share one, and with the zeros
/// that belong to the number; the library's own `number_type` looks without them.
fn line_kind(calling_code: u16, national: &str) -> LineKind {
    let plans = DATABASE.by_code(&calling_code).unwrap_or_default();
    let mobile = plans
        .iter()
        .filter_map(|plan| plan.descriptors().mobile())
        .any(|numbers| numbers.is_match(national));
    let fixed = plans
        .iter()
        .filter_map(|plan| plan.descriptors().fixed_line())
        .any(|numbers| numbers.is_match(national));
    match (mobile, fixed) {
        (true, true) => LineKind::FixedOrMobile,
        (true, false) => LineKind::Mobile,
        (false, true) => LineKind::Fixed,
        (false, false) => LineKind::Other,
    }
}

/// The number has the form of one, but nobody can have it.
fn unknown(source: phonenumber::country::Source, region: Option<Region>) -> Invalid {
    match (source, region) {
        (phonenumber::country::Source::Default, Some(region)) => Invalid::new(format!(
            "is not a number in use in {region}: check the digits, or write the country code, as \
             in +41 44 668 18 00"
        )),
        _ => Invalid::new("is not a number in use in its country: check the digits"),
    }
}

fn explained(error: &ParseError, region: Option<Region>) -> Invalid {
    match error {
        ParseError::InvalidCountryCode if region.is_none() => Invalid::new(
            "has no country code: write it, as in +41 44 668 18 00, or set the customer's region",
        ),
        ParseError::InvalidCountryCode => {
            Invalid::new("starts with a country code that is not in use")
        }
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn => {
            Invalid::new("is too short: write the whole number with its area code")
        }
        ParseError::TooLong => Invalid::new("is too long: a phone number has at most 15 digits"),
        _ => Invalid::new("is no phone number: write one such as +41 44 668 18 00"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn region(code: &str) -> Option<Region> {
        code.parse().ok()
    }

    #[test]
    fn numbers_in_any_notation_become_one() {
        for (raw, home, e164, kind) in [
            ("+41 44 668 18 00", "", "+41446681800", LineKind::Fixed),
            ("044 668 18 00", "CH", "+41446681800", LineKind::Fixed),
            ("0041 44/668-18-00", "CH", "+41446681800", LineKind::Fixed),
            ("tel:+41-79-123-45-67", "", "+41791234567", LineKind::Mobile),
            ("+44 (0)20 7946 0958", "", "+442079460958", LineKind::Fixed),
            ("07400 123456", "GB", "+447400123456", LineKind::Mobile),
            (
                "(650) 253-0000",
                "US",
                "+16502530000",
                LineKind::FixedOrMobile,
            ),
            (
                "+1 650 253 0000",
                "CH",
                "+16502530000",
                LineKind::FixedOrMobile,
            ),
            ("+39 06 1234 5678", "", "+390612345678", LineKind::Fixed),
            ("+86 138 0013 8000", "", "+8613800138000", LineKind::Mobile),
            ("+86 10 1234 5678", "", "+861012345678", LineKind::Fixed),
            (
                "＋８６ １３８ ００１３ ８０００",
                "",
                "+8613800138000",
                LineKind::Mobile,
            ),
            ("+٤١ ٤٤ ٦٦٨ ١٨ ٠٠", "", "+41446681800", LineKind::Fixed),
            ("+800 1234 5678", "", "+80012345678", LineKind::Other),
        ] {
            let number =
                PhoneNumber::parse(raw, region(home)).unwrap_or_else(|it| panic!("{raw}: {it}"));
            assert_eq!(
                (number.e164().as_str(), number.kind()),
                (e164, kind),
                "{raw}"
            );
        }
    }

    #[test]
    fn the_extension_is_kept_beside_the_number() {
        let number = PhoneNumber::parse("+41 44 668 18 00 ext. 012", None).unwrap();

        assert_eq!(number.extension(), Some("012"));
        assert_eq!(number.to_string(), "+41446681800;ext=012");
        assert_eq!(PhoneNumber::parse(&number.to_string(), None), Ok(number));
    }

    #[test]
    fn the_national_number_is_what_follows_the_country_code() {
        for (raw, national) in [
            ("+41446681800", "446681800"),
            ("+16502530000", "6502530000"),
            ("+390612345678", "0612345678"),
            ("+85223456789", "23456789"),
        ] {
            let number = PhoneNumber::parse(raw, None).unwrap();
            assert_eq!(number.national_digits(), national);
        }
    }

    #[test]
    fn what_nobody_can_be_called_on_is_refused_with_the_way_out() {
        for (raw, home, says) in [
            ("", "CH", "is required"),
            ("no number", "CH", "is no phone number"),
            ("044 668 18 00", "", "set the customer's region"),
            ("123", "CH", "not a number in use in CH"),
            ("+41 44 668", "", "not a number in use in its country"),
            ("+999 123456", "", "country code"),
            ("+41 44 668 18 00 00 00 00 00 00 00", "", "too long"),
            (&"1".repeat(65), "CH", "too long"),
        ] {
            let refused = PhoneNumber::parse(raw, region(home))
                .unwrap_err()
                .to_string();
            assert!(refused.contains(says), "{raw}: {refused}");
        }
    }

    #[test]
    fn a_stored_number_is_the_one_that_was_parsed() {
        let parsed = PhoneNumber::parse("+41 44 668 18 00 ext. 12", None).unwrap();
        let extension = parsed.extension().map(str::to_owned);

        let stored = PhoneNumber::stored(&parsed.e164(), extension, parsed.kind());

        assert_eq!(stored, Some(parsed));
    }

    proptest! {
        #[test]
        fn no_input_breaks_the_parser(raw in any::<String>(), home in "(CH|US|IT|AR|BR|)") {
            let _ = PhoneNumber::parse(&raw, region(&home));
        }

        #[test]
        fn nothing_that_looks_like_a_number_breaks_the_parser(
            raw in "(tel:)?[+0-9()*#;=x,. /-]{0,40}(;ext=|;phone-context=|ext\\. )?[+0-9a-z.]{0,12}",
            home in "(CH|US|IT|AR|BR|)",
        ) {
            if let Ok(number) = PhoneNumber::parse(&raw, region(&home)) {
                let again = PhoneNumber::parse(&number.to_string(), None);
                prop_assert_eq!(again.map(|it| it.e164()), Ok(number.e164()));
            }
        }
    }
}
