//! Canonical JSON of a value that others have written: one text for all spellings of the same thing.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

/// The canonical text: keys sorted by their bytes, no white space, and numbers as the doubles that JavaScript takes them
/// for, in plain digits.
///
/// A field that is null is left out, so that it is the same as an absent one. In an array a null holds its place.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    text
}

fn write_value(text: &mut String, value: &Value) {
    match value {
        Value::Object(fields) => write_object(text, fields),
        Value::Array(items) => write_array(text, items),
        Value::Number(number) => write_number(text, number),
        Value::String(_) | Value::Bool(_) | Value::Null => write(text, value),
    }
}

fn write_object(text: &mut String, fields: &Map<String, Value>) {
    // Sorted here, whatever order the map keeps: that is a feature of serde_json which any dependency may switch on.
    let mut fields: Vec<_> = fields.iter().filter(|(_, value)| !value.is_null()).collect();
    fields.sort_unstable_by_key(|(name, _)| *name);
    text.push('{');
    for (at, (name, value)) in fields.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        write(text, &Value::from(name.as_str()));
        text.push(':');
        write_value(text, value);
    }
    text.push('}');
}

fn write_array(text: &mut String, items: &[Value]) {
    text.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        write_value(text, item);
    }
    text.push(']');
}

fn write_number(text: &mut String, number: &Number) {
    match number.as_f64() {
        // Minus zero too.
        Some(0.0) => text.push('0'),
        // The shortest digits that are this double, never with an exponent.
        Some(double) => write(text, &double),
        None => write(text, number),
    }
}

fn write(text: &mut String, piece: &impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{piece}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> String {
        canonical(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn all_spellings_have_one_text() {
        for (spelled, text) in [
            (r#" { "b" : 1 , "a" : [ true , "x" ] } "#, r#"{"a":[true,"x"],"b":1}"#),
            (r#"{"a":null,"b":{"c":null}}"#, r#"{"b":{}}"#),
            ("[null,1]", "[null,1]"),
            ("[1.0,1e0,10e-1,0.10e1]", "[1,1,1,1]"),
            ("[0,-0,0.0,-0.0,0e9]", "[0,0,0,0,0]"),
            ("[0.70,7e-1]", "[0.7,0.7]"),
            ("1e21", "1000000000000000000000"),
            ("1e-7", "0.0000001"),
            // JavaScript parses both as the same double, so they are equal to every client.
            ("[9007199254740993,9007199254740992]", "[9007199254740992,9007199254740992]"),
            (r#""\u00e9\n\"""#, "\"é\\n\\\"\""),
            (r#"{"é":1,"z":2}"#, r#"{"z":2,"é":1}"#),
        ] {
            assert_eq!(of(spelled), text);
        }
    }

    #[test]
    fn text_never_passes_for_structure() {
        assert_ne!(of(r#"["a,b"]"#), of(r#"["a","b"]"#));
        assert_ne!(of(r#"["1"]"#), of("[1]"));
        assert_ne!(of(r#"{"a\":1,\"b":2}"#), of(r#"{"a":1,"b":2}"#));
    }
}
