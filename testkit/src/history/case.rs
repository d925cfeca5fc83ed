//! From a history as drawn to one that a database takes: ids of its own, and no broken foreign key.

use std::collections::BTreeSet;

use readmodel::ids::{AppointmentId, CallId, ContactId, OrgId};
use uuid::Uuid;

use super::table::Table;
use super::{Keys, Op, Rows, Statement};
use crate::oracle::{Appointment, Call, Contact, Organization, World};

/// How many orgs a history is about.
pub(super) const ORGANIZATIONS: u64 = 3;

/// One run of a history: the upper half of every id in it, so that no two runs meet in a database.
#[derive(Clone, Copy, Debug)]
pub struct Case(u64);

impl Case {
    /// A case that no other run has.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Uuid::new_v4().as_u64_pair().0)
    }

    /// The orgs a history is about, whether they exist at its end or not.
    #[must_use]
    pub fn organizations(self) -> Vec<OrgId> {
        (0..ORGANIZATIONS).map(|slot| OrgId(self.place(drawn_id(TableNumber::Organizations, slot)))).collect()
    }

    fn place(self, drawn: Uuid) -> Uuid {
        Uuid::from_u64_pair(self.0, drawn.as_u64_pair().1)
    }
}

/// The id of a slot before it has a case. The slots' order is not that of their ids, which are spread over all bytes, and
/// no two tables have an id in common.
pub(super) fn drawn_id(table: TableNumber, slot: u64) -> Uuid {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    Uuid::from_u64_pair(0, (slot * 4 + table as u64 + 1).wrapping_mul(ODD))
}

/// What keeps the ids of the tables apart.
#[derive(Clone, Copy)]
pub(super) enum TableNumber {
    Organizations,
    Contacts,
    Calls,
    Appointments,
}

/// The history as it runs in a case: every statement is one that Postgres accepts after those before it.
///
/// Rows of an org that does not exist are dropped, as are inserts of rows that exist; a contact that does not exist becomes
/// none. A statement may end up with no rows: it is run all the same.
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
    /// The row with the case in all of its ids.
    fn placed(self, case: Case) -> Self;
    /// The row as the foreign keys admit it.
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
            // It is unique over all orgs, as the row's own id is.
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
