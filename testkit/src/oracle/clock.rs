//! Instants as text, and calendar days in an org's own time zone.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use readmodel::ids::OrgId;

use super::json::Json;
use super::world::{Micros, World, instant};

pub(crate) const HOUR: Micros = 3_600_000_000;
pub(crate) const DAY: Micros = 24 * HOUR;

#[expect(clippy::expect_used, reason = "test rows lie between the years -9999 and 9999")]
pub(super) fn timestamp(at: Micros) -> Timestamp {
    Timestamp::from_microsecond(at).expect("an instant in the range of the calendar")
}

/// RFC 3339 in UTC, always with six decimals.
pub(super) fn rfc3339(at: Micros) -> Json {
    Json::Text(format!("{:.6}", timestamp(at)))
}

/// RFC 3339, or null for an infinite instant.
pub(super) fn shown(at: Micros) -> Json {
    instant(at).map(rfc3339).into()
}

/// Windows names of the zones that histories use, in lower case.
const WINDOWS_ZONES: [(&str, &str); 3] = [
    ("eastern standard time", "America/New_York"),
    ("w. europe standard time", "Europe/Berlin"),
    ("nepal standard time", "Asia/Kathmandu"),
];

/// The org's zone; UTC for a null or unknown name, or an unknown org.
pub(super) fn zone(world: &World, org: OrgId) -> TimeZone {
    let organization = world.organizations.get(&org);
    organization.and_then(|organization| named(organization.timezone.as_deref()?)).unwrap_or(TimeZone::UTC)
}

/// The zone of an IANA or Windows name in any case, with surrounding space.
pub(crate) fn named(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    let windows = WINDOWS_ZONES.into_iter().find(|(windows, _)| name.eq_ignore_ascii_case(windows));
    TimeZone::get(windows.map_or(name, |(_, iana)| iana)).ok()
}

/// The calendar day that holds the instant.
pub(crate) fn local_date(at: Micros, zone: &TimeZone) -> Date {
    zone.to_datetime(timestamp(at)).date()
}

/// The first instant of a day, which is not 00:00 if the clocks skip midnight.
pub(crate) fn start_of_day(date: Date, zone: &TimeZone) -> Option<Micros> {
    let start = date.to_zoned(zone.clone()).ok()?.start_of_day().ok()?;
    Some(start.timestamp().as_microsecond())
}

/// The instant of an RFC 3339 text.
#[cfg(test)]
pub(super) fn at(text: &str) -> Micros {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_six_decimals() {
        let text = |at| String::from_utf8(rfc3339(at).to_bytes()).unwrap();
        assert_eq!(text(at("2026-01-02T03:04:05.000006Z")), "\"2026-01-02T03:04:05.000006Z\"");
        assert_eq!(text(at("2026-01-02T03:04:05Z")), "\"2026-01-02T03:04:05.000000Z\"");
        assert_eq!(text(-1), "\"1969-12-31T23:59:59.999999Z\"");
    }

    #[test]
    fn a_day_starts_at_local_midnight_or_the_first_instant_after() {
        let starts = [
            ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z"),
            ("Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00Z"),
            // Havana's clocks go from 00:00 to 01:00 in spring, and from 01:00 back to 00:00 in autumn.
            ("America/Havana", "2026-03-08", "2026-03-08T05:00:00Z"),
            ("America/Havana", "2026-03-09", "2026-03-09T04:00:00Z"),
            ("America/Havana", "2025-11-02", "2025-11-02T04:00:00Z"),
            ("America/Havana", "2025-11-03", "2025-11-03T05:00:00Z"),
        ];
        for (name, date, expected) in starts {
            let start = start_of_day(date.parse().unwrap(), &TimeZone::get(name).unwrap());
            assert_eq!(start, Some(at(expected)), "{name} {date}");
        }
    }
}
