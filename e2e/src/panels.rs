//! The routes of a dashboard and their expected bodies.

use readmodel::ids::OrgId;
use testkit::oracle::{self, Direction, Micros, World};

/// A route that serves a read model.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// The path and query.
    pub path: &'static str,
    /// The expected body, by the oracle, from the source rows and the instant.
    pub definition: fn(&World, OrgId, Micros) -> Vec<u8>,
}

/// Every route that serves a read model.
pub const PANELS: [Panel; 7] = [
    Panel { path: "/api/analytics/dashboard", definition: oracle::dashboard },
    Panel { path: "/api/analytics/leads", definition: oracle::leads },
    Panel { path: "/api/analytics/dashboard-pulse", definition: oracle::pulse },
    Panel { path: "/api/analytics/recent-activity", definition: |world, org, _| oracle::activity(world, org) },
    Panel { path: "/api/calls-dashboard", definition: |world, org, _| oracle::calls(world, org, None) },
    Panel {
        path: "/api/calls-dashboard?call_type=inbound",
        definition: |world, org, _| oracle::calls(world, org, Some(Direction::Inbound)),
    },
    Panel {
        path: "/api/calls-dashboard?call_type=outbound",
        definition: |world, org, _| oracle::calls(world, org, Some(Direction::Outbound)),
    },
];
