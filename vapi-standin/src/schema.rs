//! Vapi's validation rules, as tables, with the wording of its errors.
//!
//! They have the names, types, lengths and ranges of Vapi's published API description, and a few fields that Vapi
//! accepts without describing them. Fields deeper than an agent's configuration reaches are accepted as they are.

mod assistant;
mod model;
mod phone_number;
mod transcriber;
mod voice;
mod web_call;

use serde_json::Value;

use crate::object::Object;

pub(crate) use self::{assistant::ASSISTANT, phone_number::PHONE_NUMBER, web_call::WEB_CALL};

/// The fields of an object.
pub(crate) type Shape = [Field];

/// A field that Vapi knows.
pub(crate) struct Field {
    name: &'static str,
    rule: Rule,
    required: bool,
}

/// The rule for a field's value. Null counts as absent.
pub(crate) enum Rule {
    Any,
    Flag,
    Text {
        least: usize,
        most: usize,
    },
    Uuid,
    Number {
        least: f64,
        most: f64,
    },
    OneOf(&'static [&'static str]),
    Free,
    List(&'static Rule),
    /// An object with the fields of all these shapes.
    Object(&'static [&'static Shape]),
    /// An object whose `provider` decides on its other fields.
    Provider {
        providers: &'static [Provider],
        common: &'static Shape,
    },
}

/// A provider's fields besides the common ones.
pub(crate) struct Provider {
    name: &'static str,
    fields: &'static Shape,
}

impl Rule {
    const TEXT: Self = Self::Text { least: 0, most: usize::MAX };
    const TEXTS: Self = Self::List(&Self::TEXT);
    const NUMBER: Self = Self::Number { least: f64::NEG_INFINITY, most: f64::INFINITY };
}

impl Field {
    const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

const fn field(name: &'static str, rule: Rule) -> Field {
    Field { name, rule, required: false }
}

const fn any(name: &'static str) -> Field {
    field(name, Rule::Any)
}

const fn flag(name: &'static str) -> Field {
    field(name, Rule::Flag)
}

const fn text(name: &'static str) -> Field {
    field(name, Rule::TEXT)
}

const fn short(name: &'static str, most: usize) -> Field {
    field(name, Rule::Text { least: 0, most })
}

const fn number(name: &'static str, least: f64, most: f64) -> Field {
    field(name, Rule::Number { least, most })
}

const fn provider(name: &'static str, fields: &'static Shape) -> Provider {
    Provider { name, fields }
}

/// Vapi's objections to a body; empty if it accepts the body.
pub(crate) fn faults(shape: &Shape, body: &Object) -> Vec<String> {
    let mut faults = Vec::new();
    check_object(&[shape], body, "", &mut faults);
    faults
}

fn check_object(shapes: &[&Shape], object: &Object, path: &str, faults: &mut Vec<String>) {
    let known = || shapes.iter().flat_map(|shape| shape.iter());
    for name in object.keys() {
        if !known().any(|field| field.name == name) {
            faults.push(format!("{path}property {name} should not exist"));
        }
    }
    for field in known() {
        match object.get(field.name).filter(|value| !value.is_null()) {
            Some(value) => check(&field.rule, Subject { path, name: field.name, each: "" }, value, faults),
            // Vapi checks the type of a missing field like that of a wrong one.
            None if field.required => {
                check(&field.rule, Subject { path, name: field.name, each: "" }, &Value::Null, faults);
            }
            None => {}
        }
    }
}

/// The subject of a sentence: a field, or each value of its list.
#[derive(Clone, Copy)]
struct Subject<'a> {
    path: &'a str,
    name: &'a str,
    each: &'static str,
}

impl Subject<'_> {
    fn must(self, what: &str) -> String {
        format!("{}{}{} must {what}", self.path, self.each, self.name)
    }
}

fn check(rule: &Rule, subject: Subject<'_>, value: &Value, faults: &mut Vec<String>) {
    let fault = match rule {
        Rule::Any => None,
        Rule::Flag => (!value.is_boolean()).then(|| subject.must("be a boolean value")),
        Rule::Free => (!value.is_object()).then(|| subject.must("be an object")),
        Rule::Uuid => (!is_uuid(value)).then(|| subject.must("be a UUID")),
        Rule::OneOf(values) => (!value.as_str().is_some_and(|value| values.contains(&value)))
            .then(|| subject.must(&format!("be one of the following values: {}", values.join(", ")))),
        Rule::Text { least, most } => text_fault(subject, value, *least, *most),
        Rule::Number { least, most } => number_fault(subject, value, *least, *most),
        Rule::List(rule) => return check_list(rule, subject, value, faults),
        Rule::Object(shapes) => return check_nested(shapes, subject, value, faults),
        Rule::Provider { providers, common } => return check_provider(providers, common, subject, value, faults),
    };
    faults.extend(fault);
}

fn text_fault(subject: Subject<'_>, value: &Value, least: usize, most: usize) -> Option<String> {
    let Some(text) = value.as_str() else {
        return Some(subject.must("be a string"));
    };
    let chars = text.chars().count();
    if chars > most {
        Some(subject.must(&format!("be shorter than or equal to {most} characters")))
    } else if chars < least {
        Some(subject.must(&format!("be longer than or equal to {least} characters")))
    } else {
        None
    }
}

fn number_fault(subject: Subject<'_>, value: &Value, least: f64, most: f64) -> Option<String> {
    let Some(number) = value.as_f64() else {
        return Some(subject.must("be a number conforming to the specified constraints"));
    };
    if number > most {
        Some(subject.must(&format!("not be greater than {most}")))
    } else if number < least {
        Some(subject.must(&format!("not be less than {least}")))
    } else {
        None
    }
}

fn check_list(rule: &Rule, subject: Subject<'_>, value: &Value, faults: &mut Vec<String>) {
    let Some(items) = value.as_array() else {
        return faults.push(subject.must("be an array"));
    };
    let mut of_items = Vec::new();
    for (at, item) in items.iter().enumerate() {
        match rule {
            Rule::Object(shapes) => {
                let name = format!("{}.{at}", subject.name);
                check_nested(shapes, Subject { name: &name, ..subject }, item, &mut of_items);
            }
            scalar => check(scalar, Subject { each: "each value in ", ..subject }, item, &mut of_items),
        }
    }
    // One sentence covers all items.
    of_items.dedup();
    faults.extend(of_items);
}

fn check_nested(shapes: &[&Shape], subject: Subject<'_>, value: &Value, faults: &mut Vec<String>) {
    let Subject { path, name, .. } = subject;
    match value.as_object() {
        Some(object) => check_object(shapes, object, &format!("{path}{name}."), faults),
        None => faults.push(format!("{path}nested property {name} must be either object or array")),
    }
}

fn check_provider(
    providers: &[Provider],
    common: &Shape,
    subject: Subject<'_>,
    value: &Value,
    faults: &mut Vec<String>,
) {
    let Some(object) = value.as_object() else {
        return check_nested(&[common], subject, value, faults);
    };
    let named = object.get("provider").and_then(Value::as_str);
    match providers.iter().find(|provider| Some(provider.name) == named) {
        Some(provider) => check_nested(&[common, provider.fields], subject, value, faults),
        None => {
            let names: Vec<_> = providers.iter().map(|provider| provider.name).collect();
            let subject = Subject { path: &format!("{}{}.", subject.path, subject.name), name: "provider", each: "" };
            faults.push(subject.must(&format!("be one of the following values: {}", names.join(", "))));
        }
    }
}

pub(crate) fn is_uuid(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 36 && uuid::Uuid::parse_str(text).is_ok())
}
