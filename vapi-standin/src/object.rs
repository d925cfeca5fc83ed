//! The objects that Vapi keeps: JSON objects with an id and two times.

use readmodel::time::Timestamp;
use serde_json::{Map, Value};

use crate::clock::text;

pub(crate) type Object = Map<String, Value>;

/// The objects of one kind, in the order of their creation.
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

/// Fills in the fields that Vapi adds to every object.
pub(crate) fn stamp(object: &mut Object, id: String, org_id: String, now: Timestamp) {
    object.insert("id".to_owned(), id.into());
    object.insert("orgId".to_owned(), org_id.into());
    object.insert("createdAt".to_owned(), text(now).into());
    object.insert("updatedAt".to_owned(), text(now).into());
}

/// Replaces the given fields, each as a whole; null clears a field.
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

/// An object's field as an instant.
pub(crate) fn instant(object: &Object, name: &str) -> Option<Timestamp> {
    Timestamp::parse(object.get(name)?.as_str()?)
}
