//! What Vapi's analysis has made of a call, by name: in `analysis.structuredData`, or in `artifact.structuredOutputs`, where
//! each output has an id, a name and a result.

use serde_json::Value;

/// The places where a value of a name may stand.
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

    /// The first value of a name that can be read: of the structured data, of an output of that name, of a field of an
    /// output's object.
    pub(crate) fn find<T>(&self, name: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let named = self.outputs.iter().filter(|output| output["name"] == name).map(|output| &output["result"]);
        let within = self.outputs.iter().map(|output| &output["result"][name]);
        read(&self.data[name]).or_else(|| named.chain(within).find_map(read))
    }
}
