//! The named results of Vapi's analysis of a call: in `analysis.structuredData`, or in `artifact.structuredOutputs`,
//! whose entries have an id, a name and a result.

use serde_json::Value;

/// The places of named results.
pub(crate) struct Structured<'a> {
    data: &'a Value,
    outputs: Vec<&'a Value>,
}

impl<'a> Structured<'a> {
    pub(crate) fn of(message: &'a Value) -> Self {
        let outputs = message["artifact"]["structuredOutputs"].as_object();
        Self {
            data: &message["analysis"]["structuredData"],
            outputs: outputs.map(|outputs| outputs.values().collect()).unwrap_or_default(),
        }
    }

    /// The first readable value of a name: in the structured data, as the result of an output of that name, or as a
    /// field of an output's result.
    pub(crate) fn find<T>(&self, name: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let named = self.outputs.iter().filter(|output| output["name"] == name).map(|output| &output["result"]);
        let within = self.outputs.iter().map(|output| &output["result"][name]);
        read(&self.data[name]).or_else(|| named.chain(within).find_map(read))
    }
}
