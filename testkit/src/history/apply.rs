//! Plays a history in memory, with the actions of the source tables' foreign keys.

use readmodel::ids::{ContactId, OrgId};

use super::table::Table;
use super::{Keys, Op, Rows, Statement};
use crate::oracle::World;

impl Op {
    /// Changes the rows in memory as [`Op::execute`] changes those in Postgres.
    pub fn apply(&self, world: &mut World) {
        match self {
            Self::Write(statement, Rows::Organizations(rows)) => write(world, *statement, rows),
            Self::Write(statement, Rows::Contacts(rows)) => write(world, *statement, rows),
            Self::Write(statement, Rows::Calls(rows)) => write(world, *statement, rows),
            Self::Write(statement, Rows::Appointments(rows)) => write(world, *statement, rows),
            Self::Delete(Keys::Organizations(ids)) => ids.iter().for_each(|id| delete_organization(world, *id)),
            Self::Delete(Keys::Contacts(ids)) => ids.iter().for_each(|id| delete_contact(world, *id)),
            Self::Delete(Keys::Calls(ids)) => world.calls.retain(|id, _| !ids.contains(id)),
            Self::Delete(Keys::Appointments(ids)) => world.appointments.retain(|id, _| !ids.contains(id)),
        }
    }
}

fn write<T: Table>(world: &mut World, statement: Statement, rows: &[T]) {
    let held = T::of_mut(world);
    for row in rows {
        match (statement, held.get_mut(&row.id())) {
            (Statement::Insert | Statement::Copy | Statement::Upsert, _) => {
                held.insert(row.id(), row.clone());
            }
            (Statement::Update, Some(old)) => *old = row.clone(),
            (Statement::UpdateColumn(index), Some(old)) => old.take_column(index, row),
            (Statement::Update | Statement::UpdateColumn(_), None) => {}
        }
    }
}

/// Deletes a contact: `calls.contact_id` is set null, and appointments are deleted, in other orgs too.
fn delete_contact(world: &mut World, id: ContactId) {
    world.contacts.remove(&id);
    world.appointments.retain(|_, appointment| appointment.contact_id != Some(id));
    for call in world.calls.values_mut().filter(|call| call.contact_id == Some(id)) {
        call.contact_id = None;
    }
}

fn delete_organization(world: &mut World, id: OrgId) {
    world.organizations.remove(&id);
    world.calls.retain(|_, call| call.org_id != id);
    world.appointments.retain(|_, appointment| appointment.org_id != id);
    let contacts: Vec<ContactId> =
        world.contacts.values().filter(|contact| contact.org_id == id).map(|contact| contact.id).collect();
    contacts.into_iter().for_each(|contact| delete_contact(world, contact));
}
