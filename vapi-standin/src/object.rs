//! The things Vapi keeps, which are all JSON objects with an id and two times.

use readmodel::time::Timestamp;
use serde_json::{Map, Value};

use crate::clock::text;

pub(crate) type Object = Map<String, Value>;

/// Of one kind, in the order in which they were made.
#[derive(Default)]
pub(crate) struct Objects(Vec<Object>);

impl Objects {
    pub(crate) fn add(&mut self, object: Object) {
        self.0.push(object);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Object> {
        self.0.iter().find(|object| is(object, id))
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Object> {
        self.0.iter_mut().find(|object| is(object, id))
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Object> {
        let at = self.0.iter().position(|object| is(object, id))?;
        Some(self.0.remove(at))
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Object> {
        self.0.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Object> {
        self.0.iter_mut()
    }
}

fn is(object: &Object, id: &str) -> bool {
    object.get("id").and_then(Value::as_str) == Some(id)
}

/// Fills in what Vapi adds to everything it makes.
pub(crate) fn stamp(object: &mut Object, id: String, org_id: String, now: Timestamp) {
    object.insert("id".to_owned(), id.into());
    object.insert("orgId".to_owned(), org_id.into());
    object.insert("createdAt".to_owned(), text(now).into());
    object.insert("updatedAt".to_owned(), text(now).into());
}

/// Replaces each field that is named, whole; null clears it.
pub(crate) fn patch(object: &mut Object, fields: Object, now: Timestamp) {
    for (name, value) in fields {
        if value.is_null() {
            object.remove(&name);
        } else {
            object.insert(name, value);
        }
    }
    object.insert("updatedAt".to_owned(), text(now).into());
}

/// An instant of an object.
pub(crate) fn instant(object: &Object, name: &str) -> Option<Timestamp> {
    Timestamp::parse(object.get(name)?.as_str()?)
}
