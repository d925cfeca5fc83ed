//! The faults of an agent, in words for the person who filled it in.

use std::fmt;

use serde::Serialize;

/// Faults that are told at once. A person mends these, and sees the next ones after the next save.
pub(super) const MAX_FAULTS: usize = 20;
/// A longer path is cut.
pub(super) const MAX_PATH_CHARS: usize = 200;

/// The fault of one field, in words for the person who filled it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The path: `name`, `voice.stability`, `model.messages.0.role`.
    pub field: String,
    /// Completes a sentence that begins with the field: `must be at most 40 characters`.
    pub problem: String,
}

impl FieldError {
    /// A problem at a path, which is cut if it is long: a client may have chosen the keys in it.
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

/// What has been found so far.
#[derive(Default)]
pub(super) struct Faults(pub(super) Vec<FieldError>);

impl Faults {
    /// Adds a problem. The path is written out only here, so that what is in order costs no text.
    pub(super) fn add(&mut self, field: impl fmt::Display, problem: impl Into<String>) {
        if !self.are_enough() {
            self.0.push(FieldError::at(&field.to_string(), problem));
        }
    }

    /// Adds the problem if there is one.
    pub(super) fn note(&mut self, field: impl fmt::Display, problem: Option<String>) {
        if let Some(problem) = problem {
            self.add(field, problem);
        }
    }

    /// Whether no more are told.
    pub(super) fn are_enough(&self) -> bool {
        self.0.len() >= MAX_FAULTS
    }
}

/// Where a value stands: a step below what holds it.
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
