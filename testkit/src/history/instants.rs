//! Instants on and around the boundaries of the read models.

use jiff::civil::Date;
use proptest::prelude::*;

use crate::oracle::clock::{DAY, HOUR, local_date, named, start_of_day};
use crate::oracle::{INFINITY, MINUS_INFINITY, Micros};

const SECOND: Micros = 1_000_000;

/// The time zones of orgs: none, unknown ones, informal and Windows spellings, half hours, and clocks that skip midnight.
pub(super) const ZONES: [Option<&str>; 13] = [
    None,
    Some("UTC"),
    Some("Nowhere/At_All"),
    Some(" "),
    Some("GMT+2"),
    Some("FOO-25:00"),
    Some("Eastern Standard Time"),
    Some("W. Europe standard time"),
    Some(" america/havana\n"),
    Some("Europe/Berlin"),
    Some("America/Havana"),
    Some("Asia/Kathmandu"),
    Some("Pacific/Kiritimati"),
];

/// Instants at which to evaluate the read models: any, the edges of hours and days, and days of clock changes.
pub fn as_of() -> impl Strategy<Value = Micros> {
    // 2026-03-10T12:00:00Z, and noon of the days of clock changes in Berlin and Havana.
    let noon = 1_773_144_000 * SECOND;
    let days = [
        noon,
        noon - 2 * DAY,   // Havana, spring
        noon + 19 * DAY,  // Berlin, spring
        noon - 128 * DAY, // Havana, autumn
        noon - 135 * DAY, // Berlin, autumn
    ];
    let day = proptest::sample::select(days.to_vec());
    prop_oneof![
        day.clone().prop_flat_map(|noon| noon - DAY / 2..noon + DAY / 2),
        (day.clone(), -14i64..14, -1i64..=1).prop_map(|(noon, hours, off)| noon + hours * HOUR + off),
        day.prop_flat_map(|noon| (proptest::sample::select(midnights(noon)), -1i64..=1).prop_map(|(at, off)| at + off)),
    ]
}

/// Instants for rows of models as of an instant: on its boundaries or a microsecond off, equal to others, anywhere around
/// it, and infinite.
pub(super) fn instant(as_of: Micros) -> BoxedStrategy<Micros> {
    let edge = proptest::sample::select(edges(as_of));
    prop_oneof![
        1 => proptest::sample::select(vec![INFINITY, MINUS_INFINITY]),
        4 => (edge, -1i64..=1).prop_map(|(edge, off)| edge + off),
        3 => (0i64..4).prop_map(move |minutes| as_of - as_of.rem_euclid(SECOND) - minutes * 60 * SECOND),
        2 => as_of - 2 * DAY..as_of + DAY,
        1 => as_of - 400 * DAY..as_of + 30 * DAY,
    ]
    .boxed()
}

fn edges(as_of: Micros) -> Vec<Micros> {
    let hour = as_of - as_of.rem_euclid(HOUR);
    let mut edges = vec![as_of, as_of - DAY, as_of - 7 * DAY, hour, hour + HOUR, hour - 168 * HOUR];
    edges.extend(midnights(as_of));
    edges
}

/// The start and end of the instant's day in every zone.
fn midnights(at: Micros) -> Vec<Micros> {
    let zones = ZONES.iter().flatten().filter_map(|name| named(name));
    let edges = zones.flat_map(|zone| {
        let today = local_date(at, &zone);
        [Some(today), today.tomorrow().ok()].map(|date: Option<Date>| date.and_then(|date| start_of_day(date, &zone)))
    });
    edges.flatten().collect()
}
