//! Checks of the fields of a voice or a model: required fields, texts, and ranges of numbers.

use serde_json::{Map, Value};

use super::faults::Faults;

/// A number's name, minimum and maximum.
pub(super) type Range = (&'static str, f64, f64);

pub(super) fn check_required(object: &str, fields: &Map<String, Value>, required: &[&str], faults: &mut Faults) {
    for name in required {
        let problem = match fields.get(*name) {
            None | Some(Value::Null) => Some("is missing".to_owned()),
            Some(Value::Object(_)) if *name == "server" => None,
            Some(_) if *name == "server" => Some("must be an object".to_owned()),
            Some(value) => text_problem(value, usize::MAX),
        };
        faults.note(format_args!("{object}.{name}"), problem);
    }
}

pub(super) fn check_texts<'a>(
    object: &str,
    fields: &Map<String, Value>,
    names: impl Iterator<Item = &'a &'static str>,
    faults: &mut Faults,
) {
    for name in names {
        let value = present(fields.get(*name));
        faults.note(format_args!("{object}.{name}"), value.and_then(|value| text_problem(value, usize::MAX)));
    }
}

pub(super) fn check_ranges(object: &str, fields: &Map<String, Value>, ranges: &[Range], faults: &mut Faults) {
    for (name, least, most) in ranges {
        let value = present(fields.get(*name));
        faults.note(format_args!("{object}.{name}"), value.and_then(|value| number_problem(value, *least, *most)));
    }
}

pub(super) fn text_problem(value: &Value, most: usize) -> Option<String> {
    match value {
        Value::String(text) if text.chars().count() > most => Some(format!("must be at most {most} characters")),
        Value::String(_) => None,
        _ => Some("must be a text".to_owned()),
    }
}

pub(super) fn number_problem(value: &Value, least: f64, most: f64) -> Option<String> {
    let Some(number) = value.as_f64() else {
        return Some("must be a number".to_owned());
    };
    if number < least {
        Some(format!("must be at least {least}"))
    } else if number > most {
        Some(format!("must be at most {most}"))
    } else {
        None
    }
}

pub(super) fn one_of<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    format!("must be one of {}", values.into_iter().collect::<Vec<_>>().join(", "))
}

pub(super) fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}
