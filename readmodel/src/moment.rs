//! A moment as a person names it: a day of the org's calendar, or an instant.

use jiff::civil::Date;

use crate::time::{Calendar, Timestamp};

/// A day or an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A whole day, in whichever time zone the org has.
    Day(Date),
    /// An instant.
    Instant(Timestamp),
}

impl Moment {
    /// From ISO 8601 text: a date is a day; a date and time is an instant, in UTC when it names no offset.
    ///
    /// The plus of an offset is a space by the time it gets here, unless the query escaped it.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(day) = day(text) {
            return Some(Self::Day(day));
        }
        let escaped = || {
            let (instant, offset) = text.rsplit_once(' ')?;
            Timestamp::parse(&format!("{instant}+{offset}"))
        };
        Timestamp::parse(text).or_else(escaped).map(Self::Instant)
    }

    /// The first instant of it.
    pub fn start(self, calendar: &Calendar) -> Timestamp {
        match self {
            Self::Day(day) => calendar.bounds_of(day).0,
            Self::Instant(instant) => instant,
        }
    }

    /// The first instant after it.
    pub fn end(self, calendar: &Calendar) -> Timestamp {
        match self {
            Self::Day(day) => calendar.bounds_of(day).1,
            Self::Instant(instant) => Timestamp::from_micros(instant.as_micros().saturating_add(1)),
        }
    }
}

/// Only the form `YYYY-MM-DD`: a date with a time behind it is no day.
fn day(text: &str) -> Option<Date> {
    let is_date = text.len() == "YYYY-MM-DD".len() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    text.parse().ok().filter(|_| is_date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn bounds(text: &str, zone: &str) -> (Timestamp, Timestamp) {
        let (moment, calendar) = (Moment::parse(text).unwrap(), Calendar::of(Some(zone)));
        (moment.start(&calendar), moment.end(&calendar))
    }

    #[test]
    fn a_date_is_a_whole_day_of_the_zone() {
        let day = bounds("2026-01-05", "America/Los_Angeles");
        assert_eq!(day, (at("2026-01-05T08:00:00Z"), at("2026-01-06T08:00:00Z")));
        // Days of 23 and 25 hours.
        let spring = bounds("2026-03-29", "Europe/Berlin");
        assert_eq!(spring, (at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z")));
        let autumn = bounds("2026-10-25", "Europe/Berlin");
        assert_eq!(autumn, (at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z")));
        // Without a midnight the day starts at one, when the previous day ends.
        let havana = bounds("2026-03-08", "America/Havana");
        assert_eq!(havana.0, at("2026-03-08T05:00:00Z"));
        assert_eq!(bounds("2026-03-07", "America/Havana").1, havana.0);
        // A day that the zone skipped has no instants.
        let (start, end) = bounds("2011-12-30", "Pacific/Apia");
        assert_eq!(start, end);
    }

    #[test]
    fn an_instant_does_not_depend_on_the_zone() {
        for zone in ["UTC", "America/Los_Angeles"] {
            let (start, end) = bounds("2026-01-05T00:00:00Z", zone);
            assert_eq!((start, end), (at("2026-01-05"), at("2026-01-05T00:00:00.000001Z")));
            assert_eq!(bounds("2026-01-05T10:00", zone).0, at("2026-01-05T10:00:00Z"));
        }
    }

    #[test]
    fn an_unescaped_plus_is_understood() {
        for text in ["2026-01-05T01:00:00 01:00", "2026-01-05T01:00 01:00", "2026-01-05T01:00:00.000 01:00"] {
            assert_eq!(Moment::parse(text), Some(Moment::Instant(at("2026-01-05"))), "{text}");
        }
        for bad in ["", "soon", "2026-02-30", "2026-13-01", "1", "2026-01-05T25:00", "2026-01-05 x", "2026-01 05"] {
            assert_eq!(Moment::parse(bad), None, "{bad}");
        }
    }
}
