//! Time zones by the names that people, browsers, Outlook and Windows give them.

use icu_time::zone::{WindowsParser, iana::IanaParserExtended};
use jiff::tz::TimeZone;

/// Files of a system's time zone database that are no zones of their own: what they mean differs from machine to machine.
const NO_ZONES: [&str; 2] = ["localtime", "posixrules"];

/// The zone of an IANA name or of a Windows one, in any case and with any space around it.
pub fn named(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    iana(name).or_else(|| iana(windows(name)?))
}

fn iana(name: &str) -> Option<TimeZone> {
    if NO_ZONES.iter().any(|none| name.eq_ignore_ascii_case(none)) {
        return None;
    }
    TimeZone::get(name).ok().filter(|zone| !zone.is_unknown())
}

/// The IANA name that the Unicode CLDR gives a Windows zone, wherever in the world.
fn windows(name: &str) -> Option<&'static str> {
    let parser = WindowsParser::new();
    let zone = spellings(name).iter().find_map(|spelling| parser.parse(spelling, None))?;
    IanaParserExtended::new().iter().find(|known| known.time_zone == zone).map(|known| known.canonical)
}

/// Windows' own spelling is one of these: each word with a capital, or the first word all in capitals (`AUS`, `UTC+12`).
fn spellings(name: &str) -> [String; 2] {
    let mut capital = true;
    let each: String = name
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .map(|c| {
            let shown = if capital { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
            capital = !c.is_ascii_alphabetic();
            shown
        })
        .collect();
    let (first, rest) = each.split_once(' ').unwrap_or((&each, ""));
    let first = format!("{} {rest}", first.to_ascii_uppercase()).trim_end().to_owned();
    [each, first]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iana_name(name: &str) -> Option<String> {
        named(name).and_then(|zone| zone.iana_name().map(str::to_owned))
    }

    #[test]
    fn zones_are_found_by_windows_names_case_insensitively_and_trimmed() {
        let known = [
            ("America/Los_Angeles", "America/Los_Angeles"),
            (" america/los_angeles ", "America/Los_Angeles"),
            ("\u{a0}EUROPE/BERLIN\n", "Europe/Berlin"),
            ("Eastern Standard Time", "America/New_York"),
            ("eastern  standard time", "America/New_York"),
            ("W. Europe Standard Time", "Europe/Berlin"),
            ("FLE STANDARD TIME", "Europe/Kyiv"),
            ("aus eastern standard time", "Australia/Sydney"),
            ("Aus Central W. Standard Time", "Australia/Eucla"),
            ("central standard time (mexico)", "America/Mexico_City"),
            ("turks and caicos standard time", "America/Grand_Turk"),
            ("India Standard Time", "Asia/Kolkata"),
            ("utc+12", "Etc/GMT-12"),
            ("UTC-11", "Etc/GMT+11"),
        ];
        for (name, expected) in known {
            // Old and new names of one place are the same zone.
            let (found, expected) = (named(name), named(expected));
            assert!(found.is_some(), "{name}");
            let day = jiff::civil::date(2026, 7, 1).at(12, 0, 0, 0);
            let offset = |zone: Option<TimeZone>| zone.map(|zone| zone.to_ambiguous_zoned(day).offset());
            assert_eq!(offset(found), offset(expected), "{name}");
        }
    }

    #[test]
    fn other_names_are_unknown() {
        let unknown = [
            "",
            "GMT+2",
            "(UTC-08:00) Pacific Time (US & Canada)",
            "FOO-25:00",
            "<+05>-5",
            "UTC-08:00",
            "localtime",
            "posixrules",
            "Etc/Unknown",
            "../../etc/passwd",
            "Atlantis/Poseidonis",
        ];
        for name in unknown {
            assert_eq!(iana_name(name), None, "{name}");
        }
    }
}
