//! Calendar days, as people agree on them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rapport_platform::invalid::Invalid;
use rapport_platform::time::Timestamp;

/// Reads a day of the years 1 to 9999.
pub fn parse(year: i32, month: i32, day: i32) -> Result<Date, Invalid> {
    let date = || {
        let year = i16::try_from(year).ok().filter(|year| *year > 0)?;
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    };
    date().ok_or_else(|| Invalid::new("is no day of the calendar: set year, month and day"))
}

/// The day on which an instant falls in UTC.
pub fn of(instant: Timestamp) -> Date {
    instant.to_jiff().to_zoned(TimeZone::UTC).date()
}

/// The first instant of a day in UTC.
pub fn midnight(date: Date) -> Timestamp {
    let zoned = date.to_zoned(TimeZone::UTC);
    // UTC has every midnight; only the ends of the calendar are out of reach.
    zoned.map_or(Timestamp::MAX, |zoned| zoned.timestamp().into())
}

/// A day as the store keeps it: 20260131, in the order of time.
pub fn number(date: Date) -> i32 {
    i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day())
}

/// The day that [`number`] made a number of.
pub fn from_number(number: i32) -> Result<Date, Invalid> {
    parse(number / 10_000, number / 100 % 100, number % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_keep_their_order_as_numbers() {
        let leap = parse(2024, 2, 29).unwrap();
        assert_eq!(
            (number(leap), from_number(20_240_229)),
            (20_240_229, Ok(leap))
        );
        assert!(number(parse(999, 12, 31).unwrap()) < number(leap));
        for (year, month, day) in [
            (2023, 2, 29),
            (0, 1, 1),
            (2024, 0, 1),
            (2024, 1, 0),
            (i32::MAX, 1, 1),
        ] {
            assert!(parse(year, month, day).is_err());
        }
    }

    #[test]
    fn an_instant_falls_on_its_day_in_utc() {
        let evening: Timestamp = "2026-01-31T23:59:59Z".parse().unwrap();
        assert_eq!(number(of(evening)), 20_260_131);
        assert_eq!(midnight(of(evening)).to_string(), "2026-01-31T00:00:00Z");
    }
}
