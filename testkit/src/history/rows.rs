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
use crate::oracle::text::{OTHER, SUMMARY};
use crate::oracle::{Appointment, Call, Contact, Direction, Micros, Numeric, Organization};

/// Slots: mostly among the first few, so that rows interact; sometimes among many, so that lists overflow.
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

/// Text that is awkward in JSON, SQL, COPY or an array literal, without NUL, which Postgres refuses.
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
        8_000 => select(awkward.map(String::from).to_vec()),
        2_000 => vec(any_character, 0..8).prop_map(String::from_iter),
        60 => long(OTHER - 1..OTHER + 2),
        1 => long(LONGEST / 20..LONGEST / 10),
    ]
}

/// Awkward text, and text around the limit of a summary.
fn summary() -> impl Strategy<Value = String> {
    prop_oneof![
        20_000 => text(),
        150 => long(SUMMARY - 1..SUMMARY + 2),
        1 => long(LONGEST / 2..LONGEST),
    ]
}

/// The bytes of the longest text, which a webhook may have.
const LONGEST: usize = 20_000_000;

/// A text with a number of characters, of one or several bytes each.
fn long(length: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    (select(vec!['x', 'é', '\n', '🔥']), length).prop_map(|(character, length)| {
        let fitting = length.min(LONGEST / character.len_utf8());
        std::iter::repeat_n(character, fitting).collect()
    })
}

/// A few numbers, so that contacts share them: several spellings, withheld ones, and one above the length limit.
fn phone() -> impl Strategy<Value = Option<String>> {
    let numbers =
        ["+15550001", "+15550002", "+15550003", "0015550001", "+1 555 0001", "anonymous", "+266696687", "Unknown", ""];
    let long = "1".repeat(OTHER + 1);
    weighted(0.8, select(numbers.into_iter().map(String::from).chain([long]).collect::<Vec<_>>()))
}

fn one_of(words: &[&str]) -> impl Strategy<Value = Option<String>> + use<> {
    weighted(0.9, select(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()))
}

/// Decimals: boundaries of rounding, trailing zeros, many decimals and many digits.
fn decimal() -> impl Strategy<Value = Numeric> {
    let whole = any::<i32>().prop_map(|unscaled| (BigInt::from(unscaled), 0));
    let small = (-40_000i64..40_000, 0i64..6).prop_map(|(unscaled, scale)| (BigInt::from(unscaled), scale));
    let halves = (-9i64..9, 2i64..6).prop_map(|(tens, scale)| (BigInt::from(tens * 10 + 5), scale));
    let long = (any::<i128>(), 0i64..40).prop_map(|(unscaled, scale)| (BigInt::from(unscaled), scale));
    let finite = prop_oneof![1 => whole, 4 => small, 4 => halves, 1 => long]
        .prop_map(|(unscaled, scale)| Numeric::Finite(BigDecimal::new(unscaled, scale)));
    let strange = [Numeric::NotANumber, Numeric::Infinity, Numeric::MinusInfinity];
    prop_oneof![20 => finite, 1 => select(strange.to_vec()), 1 => huge()]
}

/// Numbers beyond the range of JSON readers, and at its edge.
fn huge() -> impl Strategy<Value = Numeric> {
    let exponent = select(vec![-299, -300, -308, -100_000, -131_000]);
    (select(vec![1, -1]), exponent)
        .prop_map(|(sign, scale)| Numeric::Finite(BigDecimal::new(BigInt::from(sign), scale)))
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
        (status, summary, ended_reason) in (of(text()), weighted(0.8, summary()), of(text())),
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
