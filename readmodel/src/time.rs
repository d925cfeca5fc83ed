//! Instants as the database has them, their one textual form, and the days of a time zone.

use std::fmt;

use jiff::{SignedDuration, tz::TimeZone};
use serde::{Serialize, Serializer};

use crate::zone;

/// An instant: microseconds since 1970-01-01T00:00:00Z, as Postgres' `timestamptz` counts (which may hold ±infinity:
/// those are the extreme values here).
///
/// Its text is RFC 3339 in UTC with six digits, in JSON as in headers. What lies outside the years 1 to 9999, which
/// that form cannot write, is written as the nearest instant that it can (in any time zone: hence a day less).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// 0001-01-01T00:00:00Z.
const FIRST_MICROS: i64 = -62_135_596_800_000_000;
/// 9999-12-30T22:00:00Z.
const LAST_MICROS: i64 = 253_402_207_200_000_000;

impl Timestamp {
    /// From microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds from `earlier` to this instant; negative when it is later.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0) / 1_000_000
    }

    /// From RFC 3339 or ISO 8601 text: a date, a date and time (UTC when it names no offset), or a full timestamp.
    ///
    /// This is what JavaScript's `new Date(text)` makes of the same ISO text on a server in UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Some(Self(instant.as_microsecond()));
        }
        let civil = text
            .parse::<jiff::civil::DateTime>()
            .or_else(|_| text.parse::<jiff::civil::Date>().map(|date| date.at(0, 0, 0, 0)))
            .ok()?;
        let zoned = civil.to_zoned(TimeZone::UTC).ok()?;
        Some(Self(zoned.timestamp().as_microsecond()))
    }

    /// The instant, unless it is ±infinity: that is none.
    pub const fn finite(self) -> Option<Self> {
        match self.0 {
            i64::MIN | i64::MAX => None,
            _ => Some(self),
        }
    }

    fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0.clamp(FIRST_MICROS, LAST_MICROS))
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.to_jiff())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where the instant of a rebuild comes from. There is one clock, the database's; tests put a pinned one in its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// `statement_timestamp()` of the snapshot's first statement.
    #[default]
    Database,
    /// This instant, whatever the database says.
    Pinned(Timestamp),
}

impl Clock {
    /// The pinned instant, if there is one.
    pub const fn pinned(self) -> Option<Timestamp> {
        match self {
            Self::Database => None,
            Self::Pinned(instant) => Some(instant),
        }
    }
}

/// The org's calendar: its time zone, UTC when none is named or the name is unknown. The only place that resolves a zone's
/// name.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
    known: bool,
}

impl Calendar {
    /// The calendar of a zone's name.
    pub fn of(timezone: Option<&str>) -> Self {
        let name = timezone.filter(|name| !name.trim().is_empty());
        let zone = name.and_then(zone::named);
        Self { known: name.is_none() || zone.is_some(), zone: zone.unwrap_or(TimeZone::UTC) }
    }

    /// Whether the zone's name is known, or none was given.
    pub const fn is_known(&self) -> bool {
        self.known
    }

    /// The zone's IANA name, by which browsers know it too.
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The first instant of the local day that contains `instant`, and the first of the next one.
    ///
    /// A day starts at local midnight, or at the first instant after it where daylight saving time skips midnight.
    pub fn day_of(&self, instant: Timestamp) -> (Timestamp, Timestamp) {
        let local = instant.to_jiff().to_zoned(self.zone.clone());
        let start = local.start_of_day().map_or(instant, |start| micros(start.timestamp()));
        let end = local
            .date()
            .tomorrow()
            .and_then(|tomorrow| tomorrow.to_zoned(self.zone.clone()))
            .map_or(Timestamp(LAST_MICROS), |end| micros(end.timestamp()));
        (start, end)
    }

    /// The first instant of a day, and the first of the next one. A day that the zone has left out has no instants between.
    pub(crate) fn bounds_of(&self, day: jiff::civil::Date) -> (Timestamp, Timestamp) {
        let start = |day: jiff::civil::Date| Some(micros(day.to_zoned(self.zone.clone()).ok()?.timestamp()));
        let first = start(day).unwrap_or(Timestamp(LAST_MICROS));
        let next = day.tomorrow().ok().and_then(start).unwrap_or(Timestamp(LAST_MICROS));
        (first, next)
    }
}

const HOUR_MICROS: i64 = SignedDuration::from_hours(1).as_micros() as i64;

/// The start of the UTC hour that lies `hours` before the hour of `instant`.
pub fn hour_before(instant: Timestamp, hours: i64) -> Timestamp {
    Timestamp(instant.0.div_euclid(HOUR_MICROS).saturating_sub(hours).saturating_mul(HOUR_MICROS))
}

/// The first start of a UTC hour from `instant` on.
pub fn hour_from(instant: Timestamp) -> Timestamp {
    let start = hour_before(instant, 0);
    if start == instant { start } else { hour_before(instant, -1) }
}

fn micros(instant: jiff::Timestamp) -> Timestamp {
    Timestamp(instant.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn text_has_six_digits_and_survives_infinity() {
        assert_eq!(at("2026-01-02T03:04:05Z").to_string(), "2026-01-02T03:04:05.000000Z");
        assert_eq!(at("2026-01-02T03:04:05.1234567+01:00").to_string(), "2026-01-02T02:04:05.123456Z");
        assert_eq!(Timestamp::from_micros(i64::MAX).to_string(), "9999-12-30T22:00:00.000000Z");
        assert_eq!(Timestamp::from_micros(i64::MIN).to_string(), "0001-01-01T00:00:00.000000Z");
    }

    #[test]
    fn dates_without_an_offset_are_utc() {
        assert_eq!(at("2026-01-02"), at("2026-01-02T00:00:00Z"));
        assert_eq!(at("2026-01-02T10:00"), at("2026-01-02T10:00:00Z"));
        assert_eq!(Timestamp::parse("yesterday"), None);
        assert_eq!(Timestamp::parse("2026-13-01"), None);
    }

    #[test]
    fn a_day_follows_the_zone_across_daylight_saving_time() {
        let berlin = Calendar::of(Some("Europe/Berlin"));
        // 23 hours on the last Sunday of March.
        assert_eq!(berlin.day_of(at("2026-03-29T12:00:00Z")), (at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z")));
        // Without a midnight the day starts at one.
        let havana = Calendar::of(Some("America/Havana"));
        let (start, _) = havana.day_of(at("2026-03-08T12:00:00Z"));
        assert_eq!(start, at("2026-03-08T05:00:00Z"));
    }

    #[test]
    fn an_unknown_zone_is_utc() {
        let utc = (at("2026-05-05"), at("2026-05-06"));
        for name in [None, Some("Atlantis/Poseidonis"), Some("")] {
            assert_eq!(Calendar::of(name).day_of(at("2026-05-05T23:59:59Z")), utc);
        }
    }

    #[test]
    fn an_unknown_zone_is_reported_and_a_missing_one_is_not() {
        assert!(Calendar::of(None).is_known());
        assert!(Calendar::of(Some(" ")).is_known());
        assert!(Calendar::of(Some("Eastern Standard Time")).is_known());
        assert!(!Calendar::of(Some("GMT+2")).is_known());
    }

    #[test]
    fn hours_count_back_from_the_hour_of_the_instant() {
        assert_eq!(hour_before(at("2026-05-08T10:59:59Z"), 168), at("2026-05-01T10:00:00Z"));
    }
}
