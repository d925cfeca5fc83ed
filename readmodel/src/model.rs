//! The read models: their names, their JSON, and the format that a release makes.

use std::fmt;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    activity::{self, Activity},
    calls::{self, Calls},
    leads::{self, Leads},
    pulse::{self, Pulse, Totals},
};

/// A read model that is made ahead of the request. Each has one blob an org.
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

/// The read models that one rebuild makes, from one snapshot.
#[derive(Debug)]
#[expect(missing_docs, reason = "one field a model, of its name")]
pub struct Models {
    pub leads: Leads,
    pub pulse: Pulse,
    pub activity: Activity,
    pub calls: Calls,
    pub calls_inbound: Calls,
    pub calls_outbound: Calls,
}

/// The canonical JSON of every model: keys in declared order, no white space. Equal data gives equal bytes.
#[derive(Debug)]
pub struct Canonical([Box<RawValue>; Model::COUNT]);

impl Canonical {
    /// The bytes of one model.
    pub fn of(&self, model: Model) -> &[u8] {
        self.0[model as usize].get().as_bytes()
    }
}

/// All panels of one version, each as its own route gives it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Dashboard<'a> {
    #[cfg_attr(feature = "schema", schema(value_type = Pulse))]
    pulse: &'a RawValue,
    #[cfg_attr(feature = "schema", schema(value_type = Leads))]
    leads: &'a RawValue,
    #[cfg_attr(feature = "schema", schema(value_type = Activity))]
    activity: &'a RawValue,
    #[cfg_attr(feature = "schema", schema(value_type = Calls))]
    calls: &'a RawValue,
}

impl Models {
    /// The models of an org without data.
    pub fn empty() -> Self {
        let no_calls = || Calls::first([], 0);
        Self {
            leads: Leads::default(),
            pulse: Pulse::of(Totals::default(), Vec::new()),
            activity: Activity::default(),
            calls: no_calls(),
            calls_inbound: no_calls(),
            calls_outbound: no_calls(),
        }
    }

    /// Their canonical JSON.
    pub fn canonical(&self) -> Result<Canonical, serde_json::Error> {
        let leads = to_raw_value(&self.leads)?;
        let pulse = to_raw_value(&self.pulse)?;
        let activity = to_raw_value(&self.activity)?;
        let calls = to_raw_value(&self.calls)?;
        let inbound = to_raw_value(&self.calls_inbound)?;
        let outbound = to_raw_value(&self.calls_outbound)?;
        let dashboard = to_raw_value(&Dashboard { pulse: &pulse, leads: &leads, activity: &activity, calls: &calls })?;
        Ok(Canonical([leads, pulse, activity, calls, inbound, outbound, dashboard]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_org_without_data_has_empty_models() {
        let empty = Models::empty().canonical().unwrap();
        let text = |model| String::from_utf8(empty.of(model).to_vec()).unwrap();
        assert_eq!(text(Model::Leads), r#"{"leads":[]}"#);
        assert_eq!(text(Model::Activity), r#"{"events":[]}"#);
        assert_eq!(text(Model::Calls), r#"{"calls":[],"pagination":{"page":1,"limit":20,"total":0,"pages":0}}"#);
        assert!(text(Model::Pulse).starts_with(r#"{"total_calls":0,"#));
        assert!(text(Model::Pulse).ends_with(r#""calls_today":0,"hourly":[]}"#));
    }
}
