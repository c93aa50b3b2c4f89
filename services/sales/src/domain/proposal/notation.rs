//! How numbers, amounts and days are written.

use jiff::civil::Date;
use rapport_platform::numbered;
use rust_decimal::Decimal;

/// Digits between two separators.
const GROUP: usize = 3;

numbered! {
    /// How numbers are written.
    pub enum NumberFormat as "number format" {
        /// 1,234.56
        CommaPoint = 1 "COMMA_POINT",
        /// 1.234,56
        PointComma = 2 "POINT_COMMA",
        /// 1 234,56
        SpaceComma = 3 "SPACE_COMMA",
        /// 1’234.56
        ApostrophePoint = 4 "APOSTROPHE_POINT",
    }
}

numbered! {
    /// How days are written.
    pub enum DateFormat as "date format" {
        /// 2026-03-31
        YearMonthDay = 1 "YEAR_MONTH_DAY",
        /// 31.03.2026
        DayMonthYearPoints = 2 "DAY_MONTH_YEAR_POINTS",
        /// 31/03/2026
        DayMonthYearSlashes = 3 "DAY_MONTH_YEAR_SLASHES",
        /// 03/31/2026
        MonthDayYear = 4 "MONTH_DAY_YEAR",
    }
}

impl NumberFormat {
    /// What stands between groups of digits, and before decimals.
    const fn marks(self) -> (&'static str, &'static str) {
        match self {
            Self::CommaPoint => (",", "."),
            Self::PointComma => (".", ","),
            // A line must not break within a number.
            Self::SpaceComma => ("\u{A0}", ","),
            Self::ApostrophePoint => ("’", "."),
        }
    }

    /// A number with all the decimals that it has.
    #[must_use]
    pub fn write(self, number: Decimal) -> String {
        let (group, point) = self.marks();
        let plain = number.abs().to_string();
        let (whole, decimals) = plain.split_once('.').unwrap_or((&plain, ""));
        let mut written = String::with_capacity(plain.len() + plain.len() / GROUP + 1);
        if number.is_sign_negative() && !number.is_zero() {
            written.push('-');
        }
        for (index, digit) in whole.char_indices() {
            if index > 0 && (whole.len() - index).is_multiple_of(GROUP) {
                written.push_str(group);
            }
            written.push(digit);
        }
        if !decimals.is_empty() {
            written.push_str(point);
            written.push_str(decimals);
        }
        written
    }

    /// A share as percent, without zeros that say nothing.
    #[must_use]
    pub fn percent(self, ppm: i64) -> String {
        let percent = Decimal::new(ppm, 4).normalize();
        format!("{}\u{A0}%", self.write(percent))
    }
}

impl DateFormat {
    /// A day.
    #[must_use]
    pub fn day(self, day: Date) -> String {
        let (year, month, day) = (day.year(), day.month(), day.day());
        match self {
            Self::YearMonthDay => format!("{year:04}-{month:02}-{day:02}"),
            Self::DayMonthYearPoints => format!("{day:02}.{month:02}.{year:04}"),
            Self::DayMonthYearSlashes => format!("{day:02}/{month:02}/{year:04}"),
            Self::MonthDayYear => format!("{month:02}/{day:02}/{year:04}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    #[test]
    fn numbers_are_grouped_and_keep_their_decimals() {
        for (minor, decimals, format, written) in [
            (0, 2, NumberFormat::CommaPoint, "0.00"),
            (123_456_789, 2, NumberFormat::CommaPoint, "1,234,567.89"),
            (100_000, 2, NumberFormat::PointComma, "1.000,00"),
            (123_456, 0, NumberFormat::SpaceComma, "123\u{A0}456"),
            (1_234_567, 3, NumberFormat::ApostrophePoint, "1’234.567"),
            (-99_999, 2, NumberFormat::CommaPoint, "-999.99"),
        ] {
            assert_eq!(format.write(Decimal::new(minor, decimals)), written);
        }
    }

    #[test]
    fn shares_are_percent_without_empty_decimals() {
        for (ppm, written) in [
            (50_000, "5\u{A0}%"),
            (77_000, "7,7\u{A0}%"),
            (97_501, "9,7501\u{A0}%"),
        ] {
            assert_eq!(NumberFormat::PointComma.percent(ppm), written);
        }
    }

    #[test]
    fn days_are_written_as_the_readers_do() {
        let day = jiff::civil::date(2026, 3, 9);
        let written: Vec<_> = DateFormat::ALL.iter().map(|it| it.day(day)).collect();
        assert_eq!(
            written,
            ["2026-03-09", "09.03.2026", "09/03/2026", "03/09/2026"]
        );
    }
}
