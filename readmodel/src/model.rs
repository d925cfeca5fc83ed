//! The read models: their names, their JSON, and the format that a release makes.

use std::{fmt, sync::Arc};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    activity::{self, Activity},
    calls::{self, Calls},
    leads::{self, Leads},
    pulse::{self, Pulse, Totals},
};

/// A read model that is made ahead of the request. Each has one blob an org, but the dashboard, which is joined of others.
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

    /// The number of models.
    pub const COUNT: usize = Self::ALL.len();

    /// The models with a blob of their own: the first ones.
    pub const STORED: [Self; 6] =
        [Self::Leads, Self::Pulse, Self::Activity, Self::Calls, Self::CallsInbound, Self::CallsOutbound];

    /// The models that the dashboard is joined of, in its order.
    pub const PANELS: [Self; 4] = [Self::Pulse, Self::Leads, Self::Activity, Self::Calls];

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

/// The models that a release makes and the shapes of their JSON, as a number. It grows with each change of a shape and with
/// each new model. A release reads versions of its own format and of later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Format(pub i32);

impl Format {
    /// The format of this release. A new model comes with `CHANGES` at 1. When a model goes, the number here grows by its
    /// `CHANGES`, or a later format would repeat an earlier one.
    pub const CURRENT: Self = Self(1 + leads::CHANGES + pulse::CHANGES + activity::CHANGES + calls::CHANGES);
}

/// The read models that one rebuild makes, from one snapshot. Without leads they are those of the version before.
#[derive(Debug)]
#[expect(missing_docs, reason = "one field a model, of its name")]
pub struct Models {
    pub leads: Option<Leads>,
    pub pulse: Pulse,
    pub activity: Activity,
    pub calls: Calls,
    pub calls_inbound: Calls,
    pub calls_outbound: Calls,
}

/// The canonical JSON of every stored model: keys in declared order, no white space. Equal data gives equal bytes.
#[derive(Clone, Debug)]
pub struct Canonical([Arc<RawValue>; Model::STORED.len()]);

impl Canonical {
    /// The bytes of each model, in the order of [`Model::STORED`].
    pub fn bytes(&self) -> [&[u8]; Model::STORED.len()] {
        self.0.each_ref().map(|json| json.get().as_bytes())
    }
}

/// The pieces of the dashboard's canonical JSON, given those of its [`PANELS`](Model::PANELS): an object with each panel as
/// its own route gives it.
pub fn dashboard_pieces(panels: [&[u8]; 4]) -> [&[u8]; 9] {
    let [pulse, leads, activity, calls] = panels;
    [b"{\"pulse\":", pulse, b",\"leads\":", leads, b",\"activity\":", activity, b",\"calls\":", calls, b"}"]
}

impl Models {
    /// The models of an org without data.
    pub fn empty() -> Self {
        let no_calls = || Calls::first([], 0);
        Self {
            leads: Some(Leads::default()),
            pulse: Pulse::of(Totals::default(), Vec::new()),
            activity: Activity::default(),
            calls: no_calls(),
            calls_inbound: no_calls(),
            calls_outbound: no_calls(),
        }
    }

    /// Their canonical JSON, given that of the version before if there was any.
    ///
    /// # Errors
    /// No leads, here or before.
    pub fn canonical(&self, before: Option<&Canonical>) -> Result<Canonical, serde_json::Error> {
        let leads = match (&self.leads, before) {
            (Some(leads), _) => canonical(leads)?,
            (None, Some(before)) => before.0[Model::Leads as usize].clone(),
            (None, None) => return Err(serde::ser::Error::custom("no leads")),
        };
        Ok(Canonical([
            leads,
            canonical(&self.pulse)?,
            canonical(&self.activity)?,
            canonical(&self.calls)?,
            canonical(&self.calls_inbound)?,
            canonical(&self.calls_outbound)?,
        ]))
    }
}

fn canonical(model: &impl Serialize) -> Result<Arc<RawValue>, serde_json::Error> {
    to_raw_value(model).map(Arc::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_models_come_first_and_the_dashboard_names_its_panels() {
        assert_eq!(Model::STORED[..], Model::ALL[..Model::STORED.len()]);
        let joined = dashboard_pieces([b"0", b"1", b"2", b"3"]).concat();
        let parsed: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&joined).unwrap();
        for (at, panel) in Model::PANELS.into_iter().enumerate() {
            assert_eq!(parsed[panel.name()], at);
        }
        assert_eq!(joined, br#"{"pulse":0,"leads":1,"activity":2,"calls":3}"#);
    }

    #[test]
    fn an_org_without_data_has_empty_models() {
        let empty = Models::empty().canonical(None).unwrap();
        let text = |model: Model| String::from_utf8(empty.bytes()[model as usize].to_vec()).unwrap();
        assert_eq!(text(Model::Leads), r#"{"leads":[]}"#);
        assert_eq!(text(Model::Activity), r#"{"events":[]}"#);
        assert_eq!(text(Model::Calls), r#"{"calls":[],"pagination":{"page":1,"limit":20,"total":0,"pages":0}}"#);
        assert!(text(Model::Pulse).starts_with(r#"{"total_calls":0,"#));
        assert!(text(Model::Pulse).ends_with(r#""calls_today":0,"hourly":[]}"#));
    }
}
