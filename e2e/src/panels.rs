//! The routes of a dashboard and their expected bodies.

use readmodel::{ids::OrgId, model::Model};
use testkit::oracle::{self, Micros, World};

/// A route that serves a read model.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// The path and query.
    pub path: &'static str,
    /// The model in its body.
    pub model: Model,
}

impl Panel {
    /// The expected body, by the oracle, from the source rows and the instant.
    #[must_use]
    pub fn definition(&self, world: &World, org: OrgId, as_of: Micros) -> Vec<u8> {
        oracle::model(world, org, self.model, as_of)
    }
}

/// Every route that serves a read model.
pub const PANELS: [Panel; Model::COUNT] = [
    Panel { path: "/api/analytics/dashboard", model: Model::Dashboard },
    Panel { path: "/api/analytics/leads", model: Model::Leads },
    Panel { path: "/api/analytics/dashboard-pulse", model: Model::Pulse },
    Panel { path: "/api/analytics/recent-activity", model: Model::Activity },
    Panel { path: "/api/calls-dashboard", model: Model::Calls },
    Panel { path: "/api/calls-dashboard?call_type=inbound", model: Model::CallsInbound },
    Panel { path: "/api/calls-dashboard?call_type=outbound", model: Model::CallsOutbound },
];
