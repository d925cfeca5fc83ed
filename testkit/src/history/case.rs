//! Turns a drawn history into one that a database accepts, with unique ids and valid foreign keys.

use std::collections::BTreeSet;

use readmodel::ids::{AppointmentId, CallId, ContactId, OrgId};
use uuid::Uuid;

use super::table::Table;
use super::{Keys, Op, Rows, Statement};
use crate::oracle::{Appointment, Call, Contact, Organization, World};

/// The number of orgs in a history.
pub(super) const ORGANIZATIONS: u64 = 3;

/// One run of a history. It is the upper half of every id in it, so that runs share a database without collisions.
#[derive(Clone, Copy, Debug)]
pub struct Case(u64);

impl Case {
    /// A new case.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Uuid::new_v4().as_u64_pair().0)
    }

    /// The orgs of a history, whether or not they exist at its end.
    #[must_use]
    pub fn organizations(self) -> Vec<OrgId> {
        (0..ORGANIZATIONS).map(|slot| OrgId(self.place(drawn_id(TableNumber::Organizations, slot)))).collect()
    }

    fn place(self, drawn: Uuid) -> Uuid {
        Uuid::from_u64_pair(self.0, drawn.as_u64_pair().1)
    }
}

/// The id of a slot before it is placed in a case. Ids are spread over all bytes, do not follow the order of slots, and
/// differ between tables.
pub(super) fn drawn_id(table: TableNumber, slot: u64) -> Uuid {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    Uuid::from_u64_pair(0, (slot * 4 + table as u64 + 1).wrapping_mul(ODD))
}

/// The number that makes ids differ between tables.
#[derive(Clone, Copy)]
pub(super) enum TableNumber {
    Organizations,
    Contacts,
    Calls,
    Appointments,
}

/// The history in a case. Postgres accepts every statement after the ones before it.
///
/// Rows of missing orgs are dropped, as are inserts of existing rows. A missing contact becomes null. A statement without
/// rows is still run.
#[must_use]
pub fn settle(drawn: &[Op], case: Case) -> Vec<Op> {
    let mut world = World::default();
    let settle_one = |op: &Op| {
        let op = settled(op, case, &world);
        op.apply(&mut world);
        op
    };
    drawn.iter().map(settle_one).collect()
}

fn settled(op: &Op, case: Case, world: &World) -> Op {
    match op {
        Op::Write(statement, rows) => Op::Write(
            *statement,
            match rows {
                Rows::Organizations(rows) => Rows::Organizations(admitted(*statement, rows, case, world)),
                Rows::Contacts(rows) => Rows::Contacts(admitted(*statement, rows, case, world)),
                Rows::Calls(rows) => Rows::Calls(admitted(*statement, rows, case, world)),
                Rows::Appointments(rows) => Rows::Appointments(admitted(*statement, rows, case, world)),
            },
        ),
        Op::Delete(keys) => Op::Delete(match keys {
            Keys::Organizations(ids) => Keys::Organizations(ids.iter().map(|id| OrgId(case.place(id.0))).collect()),
            Keys::Contacts(ids) => Keys::Contacts(ids.iter().map(|id| ContactId(case.place(id.0))).collect()),
            Keys::Calls(ids) => Keys::Calls(ids.iter().map(|id| CallId(case.place(id.0))).collect()),
            Keys::Appointments(ids) => {
                Keys::Appointments(ids.iter().map(|id| AppointmentId(case.place(id.0))).collect())
            }
        }),
    }
}

fn admitted<T: Settle>(statement: Statement, rows: &[T], case: Case, world: &World) -> Vec<T> {
    let mut seen = BTreeSet::new();
    let inserts = matches!(statement, Statement::Insert | Statement::Copy);
    rows.iter()
        .cloned()
        .filter_map(|row| row.placed(case).admitted(world))
        .filter(|row| seen.insert(row.id()))
        .filter(|row| !(inserts && T::of(world).contains_key(&row.id())))
        .collect()
}

trait Settle: Table {
    /// The row with the case in all its ids.
    fn placed(self, case: Case) -> Self;
    /// The row with valid foreign keys, or none.
    fn admitted(self, world: &World) -> Option<Self>;
}

fn existing(contact: Option<ContactId>, world: &World) -> Option<ContactId> {
    contact.filter(|id| world.contacts.contains_key(id))
}

impl Settle for Organization {
    fn placed(self, case: Case) -> Self {
        Self { id: OrgId(case.place(self.id.0)), ..self }
    }

    fn admitted(self, _: &World) -> Option<Self> {
        Some(self)
    }
}

impl Settle for Contact {
    fn placed(self, case: Case) -> Self {
        Self { id: ContactId(case.place(self.id.0)), org_id: OrgId(case.place(self.org_id.0)), ..self }
    }

    fn admitted(self, world: &World) -> Option<Self> {
        world.organizations.contains_key(&self.org_id).then_some(self)
    }
}

impl Settle for Call {
    fn placed(self, case: Case) -> Self {
        let id = CallId(case.place(self.id.0));
        Self {
            id,
            org_id: OrgId(case.place(self.org_id.0)),
            contact_id: self.contact_id.map(|contact| ContactId(case.place(contact.0))),
            // Unique over all orgs, like the row's id.
            vapi_call_id: self.vapi_call_id.map(|_| id.to_string()),
            ..self
        }
    }

    fn admitted(self, world: &World) -> Option<Self> {
        let contact_id = existing(self.contact_id, world);
        world.organizations.contains_key(&self.org_id).then_some(Self { contact_id, ..self })
    }
}

impl Settle for Appointment {
    fn placed(self, case: Case) -> Self {
        Self {
            id: AppointmentId(case.place(self.id.0)),
            org_id: OrgId(case.place(self.org_id.0)),
            contact_id: self.contact_id.map(|contact| ContactId(case.place(contact.0))),
            ..self
        }
    }

    fn admitted(self, world: &World) -> Option<Self> {
        let contact_id = existing(self.contact_id, world);
        world.organizations.contains_key(&self.org_id).then_some(Self { contact_id, ..self })
    }
}
