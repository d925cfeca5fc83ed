//! Strategies for statements and histories.

use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;
use readmodel::ids::{CallId, ContactId, OrgId};

use super::case::{ORGANIZATIONS, TableNumber, drawn_id};
use super::instants::ZONES;
use super::rows::{appointment, appointment_id, call, call_id, contact, contact_id, org_id, organization};
use super::{Keys, Op, Rows, Statement};
use crate::oracle::{Call, Contact, Micros, Organization};

/// Histories whose rows lie on the boundaries of the read models as of an instant. They start with the orgs, and some with
/// an import.
pub fn ops(as_of: Micros, length: impl Into<SizeRange>) -> impl Strategy<Value = Vec<Op>> {
    let imported = prop_oneof![59 => Just(Vec::new()), 1 => import(as_of)];
    (imported, vec(op(as_of), length)).prop_map(|(imported, ops)| [vec![founding()], imported, ops].concat())
}

/// Imports of hundreds of contacts and calls into empty tables, one statement per table.
fn import(as_of: Micros) -> impl Strategy<Value = Vec<Op>> {
    let statement = || prop_oneof![Just(Statement::Insert), Just(Statement::Copy)];
    let contacts = vec(contact(as_of), 150..250).prop_map(Rows::Contacts);
    let calls = vec(call(as_of), 200..300).prop_map(Rows::Calls);
    (statement(), contacts, statement(), calls).prop_map(|(by, contacts, then_by, calls)| {
        vec![Op::Write(by, numbered(contacts)), Op::Write(then_by, numbered(calls))]
    })
}

/// Histories that start with an import of each table by one statement, contacts first, and continue with a few ops.
pub fn imports(as_of: Micros) -> impl Strategy<Value = Vec<Op>> {
    const ROWS: std::ops::Range<usize> = 60..120;
    let contacts = vec(contact(as_of), ROWS).prop_map(Rows::Contacts);
    let calls = vec(call(as_of), ROWS).prop_map(Rows::Calls);
    let appointments = vec(appointment(as_of), ROWS).prop_map(Rows::Appointments);
    let copy = |rows| Op::Write(Statement::Copy, numbered(rows));
    (contacts, calls, appointments, vec(op(as_of), 0..4)).prop_map(move |(contacts, calls, appointments, ops)| {
        let import = vec![founding(), copy(contacts), copy(calls), copy(appointments)];
        [import, ops].concat()
    })
}

/// The insert of all orgs, in different time zones.
fn founding() -> Op {
    let zones = ZONES.iter().rev();
    let organizations = (0..ORGANIZATIONS).zip(zones).map(|(slot, zone)| Organization {
        id: OrgId(drawn_id(TableNumber::Organizations, slot)),
        name: format!("Organization {slot}"),
        timezone: zone.map(String::from),
    });
    Op::Write(Statement::Insert, Rows::Organizations(organizations.collect()))
}

fn op(as_of: Micros) -> impl Strategy<Value = Op> {
    prop_oneof![
        10 => (statement(), rows(as_of, 1..5)).prop_map(|(statement, rows)| Op::Write(statement, rows)),
        2 => rows(as_of, 60..120).prop_map(|rows| Op::Write(Statement::Copy, numbered(rows))),
        3 => (statement(), vec(organization(), 1..3)).prop_map(|(s, rows)| Op::Write(s, Rows::Organizations(rows))),
        3 => deletion(),
    ]
}

/// The rows with the first ids instead, so that there are more than a list shows.
fn numbered(rows: Rows) -> Rows {
    let id = |table, slot: usize| drawn_id(table, slot as u64);
    match rows {
        Rows::Contacts(rows) => {
            let rows = rows.into_iter().enumerate();
            Rows::Contacts(
                rows.map(|(n, row)| Contact { id: ContactId(id(TableNumber::Contacts, n)), ..row }).collect(),
            )
        }
        Rows::Calls(rows) => {
            let rows = rows.into_iter().enumerate();
            Rows::Calls(rows.map(|(n, row)| Call { id: CallId(id(TableNumber::Calls, n)), ..row }).collect())
        }
        others => others,
    }
}

fn statement() -> impl Strategy<Value = Statement> {
    prop_oneof![
        3 => Just(Statement::Insert),
        1 => Just(Statement::Copy),
        2 => Just(Statement::Upsert),
        2 => Just(Statement::Update),
        4 => any::<u8>().prop_map(|index| Statement::UpdateColumn(index.into())),
    ]
}

fn rows(as_of: Micros, count: impl Into<SizeRange>) -> impl Strategy<Value = Rows> {
    let count = count.into();
    prop_oneof![
        3 => vec(contact(as_of), count.clone()).prop_map(Rows::Contacts),
        4 => vec(call(as_of), count.clone()).prop_map(Rows::Calls),
        2 => vec(appointment(as_of), count).prop_map(Rows::Appointments),
    ]
}

fn deletion() -> impl Strategy<Value = Op> {
    prop_oneof![
        1 => org_id().prop_map(|id| Keys::Organizations(vec![id])),
        4 => vec(contact_id(), 1..4).prop_map(Keys::Contacts),
        4 => vec(call_id(), 1..4).prop_map(Keys::Calls),
        3 => vec(appointment_id(), 1..4).prop_map(Keys::Appointments),
    ]
    .prop_map(Op::Delete)
}
