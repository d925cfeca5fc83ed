//! All read models of one org, from one snapshot.

use serde::Serialize;

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

/// Four models in one answer, each as its own endpoint would give it.
#[derive(Serialize)]
struct Dashboard<'a> {
    pulse: &'a Pulse,
    leads: &'a Leads,
    activity: &'a Activity,
    calls: &'a Calls,
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

    /// The canonical JSON of one model: keys in declared order, no white space. Equal data gives equal bytes.
    pub fn canonical(&self, model: Model) -> Result<Vec<u8>, serde_json::Error> {
        match model {
            Model::Leads => serde_json::to_vec(&self.leads),
            Model::Pulse => serde_json::to_vec(&self.pulse),
            Model::Activity => serde_json::to_vec(&self.activity),
            Model::Calls => serde_json::to_vec(&self.calls),
            Model::CallsInbound => serde_json::to_vec(&self.calls_inbound),
            Model::CallsOutbound => serde_json::to_vec(&self.calls_outbound),
            Model::Dashboard => serde_json::to_vec(&Dashboard {
                pulse: &self.pulse,
                leads: &self.leads,
                activity: &self.activity,
                calls: &self.calls,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_org_without_data_has_empty_models() {
        let empty = Models::empty();
        let text = |model| String::from_utf8(empty.canonical(model).unwrap()).unwrap();
        assert_eq!(text(Model::Leads), r#"{"leads":[]}"#);
        assert_eq!(text(Model::Activity), r#"{"events":[]}"#);
        assert_eq!(text(Model::Calls), r#"{"calls":[],"pagination":{"page":1,"limit":20,"total":0,"pages":0}}"#);
        assert!(text(Model::Pulse).starts_with(r#"{"total_calls":0,"#));
        assert!(text(Model::Pulse).ends_with(r#""calls_today":0,"hourly":[]}"#));
    }
}
