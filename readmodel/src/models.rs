//! All read models of one org, from one snapshot.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    activity::Activity,
    calls::Calls,
    leads::Leads,
    model::Model,
    pulse::{Pulse, Totals},
};

/// The read models that one rebuild makes.
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

/// Four models in one answer, each as its own endpoint would give it.
#[derive(Serialize)]
struct Dashboard<'a> {
    pulse: &'a RawValue,
    leads: &'a RawValue,
    activity: &'a RawValue,
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
