//! The query of a list.

use percent_encoding::percent_decode_str;
use readmodel::time::Timestamp;
use serde_json::Value;

use crate::{
    object::{Object, Objects, instant},
    refusal::Refusal,
};

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;

/// The filters and the limit of a list.
pub(crate) struct Query {
    limit: usize,
    bounds: Vec<(&'static str, Bound, Timestamp)>,
    equal: Vec<(String, String)>,
}

#[derive(Clone, Copy)]
enum Bound {
    Gt,
    Ge,
    Lt,
    Le,
}

const BOUNDS: [(&str, &str, Bound); 8] = [
    ("createdAtGt", "createdAt", Bound::Gt),
    ("createdAtGe", "createdAt", Bound::Ge),
    ("createdAtLt", "createdAt", Bound::Lt),
    ("createdAtLe", "createdAt", Bound::Le),
    ("updatedAtGt", "updatedAt", Bound::Gt),
    ("updatedAtGe", "updatedAt", Bound::Ge),
    ("updatedAtLt", "updatedAt", Bound::Lt),
    ("updatedAtLe", "updatedAt", Bound::Le),
];

impl Query {
    /// Parses a query. It may contain the limit, times, and the fields in `filters`; anything else is an error.
    pub(crate) fn parse(query: &str, filters: &[&str]) -> Result<Self, Refusal> {
        let mut parsed = Self { limit: DEFAULT_LIMIT, bounds: Vec::new(), equal: Vec::new() };
        let mut faults = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
            if let Err(fault) = parsed.take(name, value, filters) {
                faults.push(fault);
            }
        }
        if faults.is_empty() { Ok(parsed) } else { Err(Refusal::bad_request(faults)) }
    }

    fn take(&mut self, name: &str, value: String, filters: &[&str]) -> Result<(), String> {
        if name == "limit" {
            self.limit = limit(&value)?;
        } else if let Some((_, field, bound)) = BOUNDS.iter().find(|(bound, ..)| *bound == name) {
            let at = Timestamp::parse(&value).ok_or_else(|| format!("{name} must be a valid ISO 8601 date string"))?;
            self.bounds.push((field, *bound, at));
        } else if filters.contains(&name) {
            self.equal.push((name.to_owned(), value));
        } else {
            return Err(format!("property {name} should not exist"));
        }
        Ok(())
    }

    /// The matching objects, newest first.
    pub(crate) fn run(&self, objects: &Objects, show: impl Fn(&Object) -> Value) -> Value {
        objects.iter().rev().filter(|object| self.matches(object)).take(self.limit).map(show).collect()
    }

    fn matches(&self, object: &Object) -> bool {
        let within = |(field, bound, at): &(&str, Bound, Timestamp)| {
            instant(object, field).is_some_and(|instant| match bound {
                Bound::Gt => instant > *at,
                Bound::Ge => instant >= *at,
                Bound::Lt => instant < *at,
                Bound::Le => instant <= *at,
            })
        };
        let equal = |(name, value): &(String, String)| object.get(name).and_then(Value::as_str) == Some(value);
        self.bounds.iter().all(within) && self.equal.iter().all(equal)
    }
}

fn limit(text: &str) -> Result<usize, String> {
    match text.parse::<i64>() {
        Err(_) => Err("limit must be a number conforming to the specified constraints".to_owned()),
        Ok(limit) if limit < 0 => Err("limit must not be less than 0".to_owned()),
        Ok(limit) => usize::try_from(limit)
            .ok()
            .filter(|limit| *limit <= MAX_LIMIT)
            .ok_or_else(|| format!("limit must not be greater than {MAX_LIMIT}")),
    }
}
