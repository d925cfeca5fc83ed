//! The oracle: the read models as a plain fold over in-memory rows, to compare with the real implementation.
//!
//! It shares no code with the implementation and repeats its rules on purpose. It is meant to be obviously right, not fast:
//! nested loops, exact fractions, and JSON written field by field in the order of the contract.

mod activity;
mod calls;
pub(crate) mod clock;
mod json;
mod leads;
mod next_change;
mod number;
mod pulse;
#[cfg(test)]
mod tests;
pub(crate) mod text;
mod world;

use json::Json;
use readmodel::{ids::OrgId, model::Model};

pub use next_change::next_change;
pub use number::Numeric;
pub use world::{Appointment, Call, Contact, Direction, INFINITY, MINUS_INFINITY, Micros, Organization, Rules, World};

/// Canonical JSON of one of the org's models at `as_of`.
#[must_use]
pub fn model(world: &World, org: OrgId, model: Model, as_of: Micros) -> Vec<u8> {
    match model {
        Model::Leads => leads(world, org, as_of),
        Model::Pulse => pulse(world, org, as_of),
        Model::Activity => activity(world, org),
        Model::Calls => calls(world, org, None),
        Model::CallsInbound => calls(world, org, Some(Direction::Inbound)),
        Model::CallsOutbound => calls(world, org, Some(Direction::Outbound)),
        Model::Dashboard => dashboard(world, org, as_of),
    }
}

/// Canonical JSON of the org's leads at `as_of`.
#[must_use]
pub fn leads(world: &World, org: OrgId, as_of: Micros) -> Vec<u8> {
    leads::model(world, org, as_of).to_bytes()
}

/// Canonical JSON of the org's pulse at `as_of`.
#[must_use]
pub fn pulse(world: &World, org: OrgId, as_of: Micros) -> Vec<u8> {
    pulse::model(world, org, as_of).to_bytes()
}

/// Canonical JSON of the org's recent activity, which does not depend on the clock.
#[must_use]
pub fn activity(world: &World, org: OrgId) -> Vec<u8> {
    activity::model(world, org).to_bytes()
}

/// Canonical JSON of the first page of the org's calls list, for all calls or one direction. It does not depend on the clock.
#[must_use]
pub fn calls(world: &World, org: OrgId, call_type: Option<Direction>) -> Vec<u8> {
    calls::model(world, org, call_type).to_bytes()
}

/// Canonical JSON of all four read models in one answer.
#[must_use]
pub fn dashboard(world: &World, org: OrgId, as_of: Micros) -> Vec<u8> {
    Json::object([
        ("pulse", pulse::model(world, org, as_of)),
        ("leads", leads::model(world, org, as_of)),
        ("activity", activity::model(world, org)),
        ("calls", calls::model(world, org, None)),
    ])
    .to_bytes()
}
