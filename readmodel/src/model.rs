//! The read models by name.

use std::fmt;

/// What a dashboard panel shows, as far as it is made ahead of the request: one blob each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Model {
    /// The contacts to follow up.
    Leads = 0,
    /// Totals of calls, bookings and pipeline.
    Pulse = 1,
    /// The newest ten events.
    Activity = 2,
    /// The first page of all calls.
    Calls = 3,
    /// The first page of inbound calls.
    CallsInbound = 4,
    /// The first page of outbound calls.
    CallsOutbound = 5,
    /// Leads, pulse, activity and calls in one answer.
    Dashboard = 6,
}

impl Model {
    /// Every model, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Leads,
        Self::Pulse,
        Self::Activity,
        Self::Calls,
        Self::CallsInbound,
        Self::CallsOutbound,
        Self::Dashboard,
    ];

    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The name in keys, metrics and on the stream.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leads => "leads",
            Self::Pulse => "pulse",
            Self::Activity => "activity",
            Self::Calls => "calls",
            Self::CallsInbound => "calls_inbound",
            Self::CallsOutbound => "calls_outbound",
            Self::Dashboard => "dashboard",
        }
    }

    /// The model of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name() == name)
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
