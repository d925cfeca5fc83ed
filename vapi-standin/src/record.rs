//! The record of requests.

use std::collections::VecDeque;

use serde_json::Value;

use crate::operation::Operation;

/// The number of requests that are remembered.
const MAX_REQUESTS: usize = 20_000;

/// A request, as received.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The operation, if the stand-in has it.
    pub operation: Option<Operation>,
    /// The method.
    pub method: String,
    /// The path with the query.
    pub path: String,
    /// The body; null if there was none, a text if it was not JSON.
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
