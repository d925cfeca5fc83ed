//! Random rows. Ids are slots that [`super::settle`] places in a case.

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::BigInt;
use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;
use readmodel::ids::{AppointmentId, CallId, ContactId, OrgId};

use super::case::{ORGANIZATIONS, TableNumber, drawn_id};
use super::instants::{ZONES, instant};
use crate::oracle::{Appointment, Call, Contact, Direction, Micros, Organization};

/// Most rows are among the first few slots, so that they meet; some are of many, so that lists overflow.
fn slot() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..6u64, 1 => 0..120u64]
}

pub(super) fn org_id() -> impl Strategy<Value = OrgId> {
    prop_oneof![6 => Just(0), 2 => 0..ORGANIZATIONS].prop_map(|slot| OrgId(drawn_id(TableNumber::Organizations, slot)))
}

pub(super) fn contact_id() -> impl Strategy<Value = ContactId> {
    slot().prop_map(|slot| ContactId(drawn_id(TableNumber::Contacts, slot)))
}

pub(super) fn call_id() -> impl Strategy<Value = CallId> {
    slot().prop_map(|slot| CallId(drawn_id(TableNumber::Calls, slot)))
}

pub(super) fn appointment_id() -> impl Strategy<Value = AppointmentId> {
    slot().prop_map(|slot| AppointmentId(drawn_id(TableNumber::Appointments, slot)))
}

/// Text that is awkward in JSON, SQL, COPY or an array literal. Postgres takes no NUL.
fn text() -> impl Strategy<Value = String> {
    let awkward = [
        "Ada",
        "Zoë 李小龍 🔥",
        "",
        "Unknown",
        "O'Brien \"Q\" \\",
        "tab\tnew\nline\r\u{8}\u{c}\u{1}\u{1f}\u{7f}",
        "\u{2028}\u{feff}\u{202e}",
        "{a,b}",
        "\\N",
        "\\.",
        "NULL",
        "</script>",
    ];
    let any_character = any::<char>().prop_filter("no NUL", |character| *character != '\0');
    prop_oneof![
        4 => select(awkward.map(String::from).to_vec()),
        1 => vec(any_character, 0..8).prop_map(String::from_iter),
    ]
}

/// Few, so that they are shared; one is no number.
fn phone() -> impl Strategy<Value = Option<String>> {
    weighted(0.8, select(["+15550001", "+15550002", "+15550003", "Unknown", ""].map(String::from).to_vec()))
}

fn one_of(words: &[&str]) -> impl Strategy<Value = Option<String>> + use<> {
    weighted(0.9, select(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()))
}

/// Rounding's boundaries, trailing zeros, many decimals and many digits.
fn decimal() -> impl Strategy<Value = BigDecimal> {
    let whole = any::<i32>().prop_map(|unscaled| (BigInt::from(unscaled), 0));
    let small = (-40_000i64..40_000, 0i64..6).prop_map(|(unscaled, scale)| (BigInt::from(unscaled), scale));
    let halves = (-9i64..9, 2i64..6).prop_map(|(tens, scale)| (BigInt::from(tens * 10 + 5), scale));
    let long = (any::<i128>(), 0i64..40).prop_map(|(unscaled, scale)| (BigInt::from(unscaled), scale));
    prop_oneof![1 => whole, 4 => small, 4 => halves, 1 => long]
        .prop_map(|(unscaled, scale)| BigDecimal::new(unscaled, scale))
}

fn seconds() -> impl Strategy<Value = Option<i32>> {
    weighted(0.8, prop_oneof![4 => select(vec![0, 1, 2, 59, 60, 61, 119, 120]), 2 => 0..4000, 1 => any::<i32>()])
}

fn score() -> impl Strategy<Value = Option<i32>> {
    weighted(0.9, prop_oneof![3 => select(vec![0, 49, 50, 79, 80, 100]), 1 => 0..=100])
}

prop_compose! {
    pub(super) fn organization()(id in org_id(), name in text(), zone in select(ZONES.to_vec())) -> Organization {
        Organization { id, name, timezone: zone.map(String::from) }
    }
}

prop_compose! {
    pub(super) fn contact(as_of: Micros)(
        (id, org_id) in (contact_id(), org_id()),
        (name, phone, email) in (weighted(0.8, text()), phone(), of(text())),
        lead_score in score(),
        lead_status in one_of(&["new", "contacted", "qualified", "new", "contacted", "qualified", "converted", "lost"]),
        service_interests in of(vec(weighted(0.9, text()), 0..3)),
        estimated_value in of(decimal()),
        (last_contact_at, created_at) in (weighted(0.8, instant(as_of)), instant(as_of)),
    ) -> Contact {
        Contact {
            id, org_id, name, phone, email, lead_score, lead_status, service_interests, estimated_value, last_contact_at,
            created_at,
        }
    }
}

prop_compose! {
    pub(super) fn call(as_of: Micros)(
        (id, org_id, contact_id) in (call_id(), org_id(), of(contact_id())),
        (vapi_call_id, phone_number) in (of(Just(String::new())), phone()),
        call_direction in prop_oneof![3 => Just(Direction::Inbound), 1 => Just(Direction::Outbound)],
        (status, summary, ended_reason) in (of(text()), weighted(0.8, text()), of(text())),
        sentiment_label in one_of(&["positive", "negative", "neutral", "Positive", ""]),
        sentiment_score in of(decimal()),
        (duration_seconds, cost_cents) in (seconds(), of(any::<i32>())),
        is_test_call in proptest::bool::weighted(0.2),
        (started_at, ended_at, created_at) in (of(instant(as_of)), of(instant(as_of)), instant(as_of)),
    ) -> Call {
        Call {
            id, org_id, contact_id, vapi_call_id, phone_number, call_direction, status, duration_seconds, sentiment_label,
            sentiment_score, summary, ended_reason, cost_cents, is_test_call, started_at, ended_at, created_at,
        }
    }
}

prop_compose! {
    pub(super) fn appointment(as_of: Micros)(
        (id, org_id, contact_id) in (appointment_id(), org_id(), weighted(0.8, contact_id())),
        service_type in of(text()),
        status in one_of(&["pending", "confirmed", "in_progress", "completed", "cancelled", "no_show"]),
        (scheduled_at, created_at) in (of(instant(as_of)), instant(as_of)),
    ) -> Appointment {
        Appointment { id, org_id, contact_id, service_type, scheduled_at, status, created_at }
    }
}
