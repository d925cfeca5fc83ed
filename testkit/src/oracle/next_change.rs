//! The first instant at which the read models change by time alone, found by trying every candidate.

use jiff::Span;
use readmodel::ids::OrgId;

use super::clock::{DAY, local_date, start_of_day, zone};
use super::json::Json;
use super::world::{Micros, World, instant};
use super::{leads, pulse};

/// The first instant after `as_of` at which the same rows would give other bytes of the org's read models, if there is one.
/// The hourly chart does not count, and `activity` and `calls` do not depend on the clock.
#[must_use]
pub fn next_change(world: &World, org: OrgId, as_of: Micros) -> Option<Micros> {
    let now = shown(world, org, as_of);
    let mut instants: Vec<Micros> =
        contact_instants(world, org).chain(midnights(world, org)).filter(|at| *at > as_of).collect();
    instants.sort_unstable();
    instants.dedup();
    instants.into_iter().find(|at| shown(world, org, *at) != now)
}

/// The parts that depend on the clock.
fn shown(world: &World, org: OrgId, at: Micros) -> Vec<u8> {
    let totals = Json::object(pulse::totals(world, org, at));
    Json::array([leads::model(world, org, at), totals]).to_bytes()
}

/// Candidates from contacts: a lead's urgency falls a day and a week after the last contact.
fn contact_instants(world: &World, org: OrgId) -> impl Iterator<Item = Micros> {
    let contacted = world.actionable(org).filter_map(|contact| contact.last_contact_at.and_then(instant));
    contacted.flat_map(|last| [last + DAY, last + 7 * DAY])
}

/// Candidates from calls: a call counts as today's from the start of its day to the start of the next.
fn midnights(world: &World, org: OrgId) -> impl Iterator<Item = Micros> {
    let zone = zone(world, org);
    world.real_calls(org).filter_map(|call| instant(call.created_at)).flat_map(move |at| {
        let day = local_date(at, &zone);
        let next = day.checked_add(Span::new().days(1)).ok();
        [Some(day), next].into_iter().flatten().filter_map(|date| start_of_day(date, &zone)).collect::<Vec<_>>()
    })
}
