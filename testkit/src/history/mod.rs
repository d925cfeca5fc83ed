//! Random histories of the source: changes to the rows of a few orgs, in memory and in Postgres alike.
//!
//! [`ops`] draws a history as a value that proptest can shrink. [`settle`] gives it unique ids, so that any number of
//! histories share one database, and drops rows that a foreign key would refuse. Then [`Op::apply`] plays it on a [`World`]
//! and [`Op::execute`] on Postgres, and [`read_world`] reads the rows back from Postgres.
//!
//! ```no_run
//! # use testkit::{history, oracle::World};
//! # use proptest::{strategy::{Strategy, ValueTree}, test_runner::TestRunner};
//! # async fn play(connection: &mut sqlx::PgConnection) -> sqlx::Result<()> {
//! # let as_of = 0;
//! # let mut runner = TestRunner::default();
//! let drawn = history::ops(as_of, 1..40).new_tree(&mut runner).unwrap().current();
//! let case = history::Case::fresh();
//! let mut world = World::default();
//! for op in history::settle(&drawn, case) {
//!     op.apply(&mut world);
//!     op.execute(connection).await?;
//! }
//! assert_eq!(history::read_world(connection, &case.organizations()).await?, world);
//! # Ok(())
//! # }
//! ```

mod apply;
mod case;
mod execute;
mod field;
mod instants;
mod rows;
mod strategy;
mod table;
#[cfg(test)]
mod tests;

use readmodel::ids::{AppointmentId, CallId, ContactId, OrgId};

#[cfg(doc)]
use crate::oracle::World;
use crate::oracle::{Appointment, Call, Contact, Organization};

pub use case::{Case, settle};
pub use execute::{read_world, read_world_through};
pub use instants::as_of;
pub use strategy::{imports, ops};

/// One SQL statement on one source table.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Writes rows.
    Write(Statement, Rows),
    /// Deletes rows that exist, with their cascades.
    Delete(Keys),
}

/// The kind of a write. Each is one statement for any number of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statement {
    /// `INSERT` of new rows.
    Insert,
    /// `COPY … FROM STDIN` of new rows.
    Copy,
    /// `INSERT … ON CONFLICT (id) DO UPDATE`.
    Upsert,
    /// `UPDATE` of every column of existing rows.
    Update,
    /// `UPDATE` of one column of existing rows. The number wraps around the table's columns.
    UpdateColumn(usize),
}

/// Rows of one table with distinct ids.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "one variant a source table")]
pub enum Rows {
    Organizations(Vec<Organization>),
    Contacts(Vec<Contact>),
    Calls(Vec<Call>),
    Appointments(Vec<Appointment>),
}

/// Ids of rows of one table.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "one variant a source table")]
pub enum Keys {
    Organizations(Vec<OrgId>),
    Contacts(Vec<ContactId>),
    Calls(Vec<CallId>),
    Appointments(Vec<AppointmentId>),
}
