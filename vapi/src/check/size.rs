//! Limits on the size of a voice or a model, and on its characters.

use std::ops::ControlFlow;

use serde_json::Value;

use super::faults::{Faults, Place};

/// Levels of nesting. Parsers give up at 128, and Vapi's answers wrap an assistant in further levels.
pub(super) const MAX_DEPTH: usize = 64;
/// Values in a voice or a model. Each costs time and memory whenever the agent is read, hashed or compared.
pub(super) const MAX_VALUES: usize = 20_000;
pub(super) const MAX_KEY_BYTES: usize = 256;

/// Reports excess size, and characters that cannot be stored.
pub(super) fn check_size(field: &'static str, value: &Value, faults: &mut Faults) {
    // The fault that ended the walk is in `faults`.
    let _ = Walk { field, left: MAX_VALUES, faults }.value(Place::Field(field), value, 0);
}

/// A walk over a voice or a model, which stops at a limit.
struct Walk<'f> {
    field: &'static str,
    /// Values until the limit.
    left: usize,
    faults: &'f mut Faults,
}

impl Walk<'_> {
    fn value(&mut self, place: Place<'_>, value: &Value, depth: usize) -> ControlFlow<()> {
        self.count()?;
        match value {
            Value::String(text) => self.faults.note(place, nul_problem(text)),
            Value::Array(_) | Value::Object(_) if depth >= MAX_DEPTH => {
                self.faults.add(place, format!("must not be nested deeper than {MAX_DEPTH} levels"));
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.value(Place::Item(&place, at), item, depth + 1)?;
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.field_of(place, name, value, depth)?;
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        ControlFlow::Continue(())
    }

    fn field_of(&mut self, object: Place<'_>, name: &str, value: &Value, depth: usize) -> ControlFlow<()> {
        match key_problem(name) {
            None => self.value(Place::Key(&object, name), value, depth + 1),
            problem => {
                self.faults.note(object, problem);
                self.count()
            }
        }
    }

    fn count(&mut self) -> ControlFlow<()> {
        if self.left == 0 {
            self.faults.add(self.field, format!("must have at most {MAX_VALUES} values"));
            return ControlFlow::Break(());
        }
        self.left -= 1;
        if self.faults.are_enough() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn key_problem(name: &str) -> Option<String> {
    if name.len() > MAX_KEY_BYTES {
        return Some(format!("must have no key of more than {MAX_KEY_BYTES} bytes"));
    }
    nul_problem(name)
}

/// U+0000 is legal in JSON, but Postgres cannot store it.
pub(super) fn nul_problem(text: &str) -> Option<String> {
    text.contains('\0').then(|| "must not have the character U+0000".to_owned())
}
