//! The faults of an agent's configuration, worded for the person who entered it.

use std::fmt;

use serde::Serialize;

/// The most faults that are reported at once. After the next save the next ones are.
pub(super) const MAX_FAULTS: usize = 20;
/// The longest path that is reported whole.
pub(super) const MAX_PATH_CHARS: usize = 200;

/// A fault of one field, worded for the person who entered it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The path, such as `name`, `voice.stability` or `model.messages.0.role`.
    pub field: String,
    /// The predicate of a sentence about the field: `must be at most 40 characters`.
    pub problem: String,
}

impl FieldError {
    /// A problem at a path. A long path is cut, since a client may have chosen its keys.
    pub fn at(path: &str, problem: impl Into<String>) -> Self {
        let field = match path.char_indices().nth(MAX_PATH_CHARS) {
            Some((end, _)) => format!("{}…", &path[..end]),
            None => path.to_owned(),
        };
        Self { field, problem: problem.into() }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.problem)
    }
}

/// The faults found so far.
#[derive(Default)]
pub(super) struct Faults(pub(super) Vec<FieldError>);

impl Faults {
    /// Adds a problem. The path is formatted only here, so that valid fields cost no text.
    pub(super) fn add(&mut self, field: impl fmt::Display, problem: impl Into<String>) {
        if !self.are_enough() {
            self.0.push(FieldError::at(&field.to_string(), problem));
        }
    }

    /// Adds a problem, if there is one.
    pub(super) fn note(&mut self, field: impl fmt::Display, problem: Option<String>) {
        if let Some(problem) = problem {
            self.add(field, problem);
        }
    }

    /// Whether further faults are ignored.
    pub(super) fn are_enough(&self) -> bool {
        self.0.len() >= MAX_FAULTS
    }
}

/// The place of a value, as a step below its container.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Field(&'static str),
    Key(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => f.write_str(name),
            Self::Key(holder, name) => write!(f, "{holder}.{name}"),
            Self::Item(holder, at) => write!(f, "{holder}.{at}"),
        }
    }
}
