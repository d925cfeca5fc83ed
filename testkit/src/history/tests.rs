//! Histories reach the interesting cases, and the oracle has the expected properties over them.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{Case, Op, as_of, ops, settle};
use crate::oracle::{self, Call, Contact, Micros, World};

fn world_after(drawn: &[Op], case: Case) -> World {
    let mut world = World::default();
    settle(drawn, case).iter().for_each(|op| op.apply(&mut world));
    world
}

fn drawn() -> impl Strategy<Value = (Micros, Vec<Op>)> {
    as_of().prop_flat_map(|as_of| (Just(as_of), ops(as_of, 1..40)))
}

fn points_at<'a>(world: &'a World, call: &Call) -> Option<&'a Contact> {
    world.contacts.get(&call.contact_id?)
}

fn any_pair(world: &World, fits: impl Fn(&Call, &Contact) -> bool) -> bool {
    world.calls.values().any(|call| points_at(world, call).is_some_and(|contact| fits(call, contact)))
}

type Sight = (&'static str, fn(&World, Micros) -> bool);

/// Cases that decide the rules of the read models. Histories must reach each now and then.
const SIGHTS: [Sight; 10] = [
    ("a call of a contact by id and phone", |world, _| {
        any_pair(world, |call, contact| call.phone_number.is_some() && call.phone_number == contact.phone)
    }),
    ("a call of two contacts", |world, _| {
        any_pair(world, |call, contact| {
            let other = |other: &Contact| other.org_id == call.org_id && other.phone == call.phone_number;
            call.phone_number != contact.phone && call.phone_number.is_some() && world.contacts.values().any(other)
        })
    }),
    ("a call of another org's contact", |world, _| any_pair(world, |call, contact| call.org_id != contact.org_id)),
    ("an appointment of another org's contact", |world, _| {
        let strange = |contact, org| world.contacts.get(contact).is_some_and(|contact| contact.org_id != org);
        world.appointments.values().any(|row| row.contact_id.as_ref().is_some_and(|id| strange(id, row.org_id)))
    }),
    ("two calls of one instant", |world, _| {
        world.calls.values().any(|a| world.calls.values().any(|b| a.id != b.id && a.created_at == b.created_at))
    }),
    ("more calls than a page", |world, _| {
        let pages = |org| String::from_utf8(oracle::calls(world, org, None)).unwrap();
        world.organizations.keys().any(|org| pages(*org).ends_with(r#""pages":3}}"#))
    }),
    ("more leads than the list shows", |world, as_of| {
        world
            .organizations
            .keys()
            .any(|org| rows(&oracle::leads(world, *org, as_of)) == 50 && world.actionable(*org).count() > 50)
    }),
    ("a lead a microsecond from falling", |world, as_of| {
        world.organizations.keys().any(|org| oracle::next_change(world, *org, as_of) == Some(as_of + 1))
    }),
    ("a success", |world, as_of| {
        let rate = |org| String::from_utf8(oracle::pulse(world, org, as_of)).unwrap();
        world.organizations.keys().any(|org| !rate(*org).contains(r#""success_rate":0,"#))
    }),
    ("an org that is gone", |world, _| world.organizations.len() < 3),
];

fn rows(model: &[u8]) -> usize {
    String::from_utf8_lossy(model).matches(r#"{"id":"#).count()
}

#[test]
fn histories_reach_every_case_of_the_rules() {
    let mut runner = TestRunner::deterministic();
    let mut unseen = SIGHTS.to_vec();
    for _ in 0..400 {
        let (as_of, drawn) = drawn().new_tree(&mut runner).unwrap().current();
        let world = world_after(&drawn, Case::fresh());
        unseen.retain(|(_, seen)| !seen(&world, as_of));
        if unseen.is_empty() {
            return;
        }
    }
    panic!("never seen: {:?}", unseen.iter().map(|(name, _)| name).collect::<Vec<_>>());
}

#[test]
fn cases_share_no_ids() {
    let mut runner = TestRunner::deterministic();
    let (_, drawn) = drawn().new_tree(&mut runner).unwrap().current();
    let [one, other] = [Case::fresh(), Case::fresh()].map(|case| world_after(&drawn, case));
    assert!(!one.organizations.is_empty() && one.organizations.len() == other.organizations.len());
    assert!(one.organizations.keys().all(|id| !other.organizations.contains_key(id)));
    assert!(one.contacts.keys().all(|id| !other.contacts.contains_key(id)));
    assert!(one.calls.keys().all(|id| !other.calls.contains_key(id)));
    assert!(one.appointments.keys().all(|id| !other.appointments.contains_key(id)));
}

/// The parts that depend on the clock, without the hourly chart at the end of the pulse.
fn timed(world: &World, org: readmodel::ids::OrgId, at: Micros) -> String {
    let pulse = String::from_utf8(oracle::pulse(world, org, at)).unwrap();
    let (totals, _) = pulse.split_once(r#""hourly""#).unwrap();
    totals.to_owned() + &String::from_utf8(oracle::leads(world, org, at)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_changes_before_the_next_change((as_of, drawn) in drawn(), part in 0.0..1.0) {
        let case = Case::fresh();
        let world = world_after(&drawn, case);
        for org in case.organizations() {
            let now = timed(&world, org, as_of);
            let next = oracle::next_change(&world, org, as_of);
            let until = next.unwrap_or(as_of + 400 * 86_400_000_000) - 1;
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any instant between will do")]
            let between = as_of + ((until - as_of) as f64 * part) as Micros;
            prop_assert_eq!(&timed(&world, org, between), &now);
            prop_assert_eq!(&timed(&world, org, until), &now);
            if let Some(next) = next {
                prop_assert_ne!(&timed(&world, org, next), &now);
            }
        }
    }

    #[test]
    fn every_model_is_json((as_of, drawn) in drawn()) {
        let case = Case::fresh();
        let world = world_after(&drawn, case);
        for org in case.organizations() {
            let model: serde_json::Value = serde_json::from_slice(&oracle::dashboard(&world, org, as_of)).unwrap();
            prop_assert!(model["calls"]["calls"].as_array().is_some_and(|rows| rows.len() <= 20));
            prop_assert!(model["activity"]["events"].as_array().is_some_and(|rows| rows.len() <= 10));
            prop_assert!(model["leads"]["leads"].as_array().is_some_and(|rows| rows.len() <= 50));
        }
    }
}
