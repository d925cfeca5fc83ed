//! What the stand-in has been asked.

use std::collections::VecDeque;

use serde_json::Value;

use crate::operation::Operation;

/// The stand-in remembers this many requests, as it may run for long.
const MAX_REQUESTS: usize = 20_000;

/// A request as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What it asked for, if that is something the stand-in has.
    pub operation: Option<Operation>,
    /// Its method.
    pub method: String,
    /// Its path with the query.
    pub path: String,
    /// Its body; null without one, and a text if it is no JSON.
    pub body: Value,
}

#[derive(Default)]
pub(crate) struct Record(VecDeque<Request>);

impl Record {
    pub(crate) fn add(&mut self, request: Request) {
        if self.0.len() >= MAX_REQUESTS {
            self.0.pop_front();
        }
        self.0.push_back(request);
    }

    pub(crate) fn all(&self) -> Vec<Request> {
        self.0.iter().cloned().collect()
    }

    pub(crate) fn count(&self, operation: Operation) -> usize {
        self.0.iter().filter(|request| request.operation == Some(operation)).count()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
