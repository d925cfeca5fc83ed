//! The next instant at which time alone changes a model.

use super::super::clock::{DAY, HOUR};
use super::super::next_change;
use super::*;

fn spoken_to(n: u128, last: Micros) -> Contact {
    Contact { last_contact_at: Some(last), ..contact(n) }
}

#[test]
fn rows_that_no_clock_touches_never_change() {
    let lost = Contact { lead_status: Some("lost".into()), ..spoken_to(2, now()) };
    let elsewhere = Contact { org_id: OTHER, ..spoken_to(3, now()) };
    let earlier = Call { created_at: now() - DAY, ..call(1) };
    let tested = Call { is_test_call: true, ..call(2) };
    let world = world([contact(1), lost, elsewhere], [earlier, tested], [appointment(1)]);
    assert_eq!(next_change(&world, ORG, now()), None);
}

#[test]
fn urgency_changes_a_day_and_a_week_after_the_last_contact() {
    let last = now() - HOUR;
    let world = world([spoken_to(1, last)], [], []);
    assert_eq!(next_change(&world, ORG, now()), Some(last + DAY));
    assert_eq!(next_change(&world, ORG, last + DAY - 1), Some(last + DAY));
    assert_eq!(next_change(&world, ORG, last + DAY), Some(last + 7 * DAY));
    assert_eq!(next_change(&world, ORG, last + 7 * DAY), None);
}

#[test]
fn the_earliest_change_wins() {
    let world = world([spoken_to(1, now() - 6 * DAY), spoken_to(2, now() - 1)], [call(1)], []);
    assert_eq!(next_change(&world, ORG, now()), Some(at("2026-03-11T00:00:00Z")));
    assert_eq!(next_change(&world, ORG, at("2026-03-11T00:00:00Z")), Some(now() + DAY - 1));
}

#[test]
fn a_lead_below_the_fiftieth_sets_no_deadline() {
    let above = (1..=50).map(|n| Contact { lead_score: Some(90), ..contact(n) });
    // The lead is listed while its urgency is medium, and drops out of the list when it is low.
    let sinking = spoken_to(51, now() - 6 * DAY);
    let world = world(above.chain([sinking]), [], []);
    assert_eq!(next_change(&world, ORG, now()), Some(now() + DAY));
    assert_eq!(next_change(&world, ORG, now() + DAY), None);

    let shown = (1..=50).map(|n| Contact { last_contact_at: Some(now() + 30 * DAY), ..contact(n) });
    let unseen = spoken_to(51, now() - 6 * DAY);
    let world = super::world(shown.chain([unseen]), [], []);
    assert_eq!(next_change(&world, ORG, now()), Some(now() + 31 * DAY));
}

#[test]
fn todays_calls_end_at_the_orgs_midnight() {
    let midnights = [
        (None, "2026-03-11T00:00:00Z"),
        (Some("Mars/Olympus"), "2026-03-11T00:00:00Z"),
        (Some("Asia/Kathmandu"), "2026-03-10T18:15:00Z"),
        (Some("Europe/Berlin"), "2026-03-10T23:00:00Z"),
    ];
    for (timezone, expected) in midnights {
        let world = World::new([organization(ORG, timezone)], [], [call(1)], []);
        assert_eq!(next_change(&world, ORG, now()), Some(at(expected)), "{timezone:?}");
    }
}

#[test]
fn a_day_without_midnight_begins_an_hour_later() {
    // Havana, 7 March 2026: at the end of the day the clocks go from 24:00 to 01:00.
    let evening = at("2026-03-08T04:00:00Z");
    let called = Call { created_at: evening, ..call(1) };
    let world = World::new([organization(ORG, Some("America/Havana"))], [], [called], []);
    assert_eq!(next_change(&world, ORG, evening), Some(at("2026-03-08T05:00:00Z")));
}

#[test]
fn a_call_dated_tomorrow_counts_from_midnight_to_midnight() {
    let tomorrow = Call { created_at: now() + DAY, ..call(1) };
    let world = world([], [tomorrow], []);
    assert_eq!(next_change(&world, ORG, now()), Some(at("2026-03-11T00:00:00Z")));
    assert_eq!(next_change(&world, ORG, now() + DAY), Some(at("2026-03-12T00:00:00Z")));
}

#[test]
fn equal_counts_on_both_sides_of_midnight_are_no_change() {
    let tomorrow = Call { created_at: now() + DAY, ..call(2) };
    let world = world([], [call(1), tomorrow], []);
    assert_eq!(next_change(&world, ORG, now()), Some(at("2026-03-12T00:00:00Z")));
}
