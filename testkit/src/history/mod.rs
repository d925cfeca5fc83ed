//! Random histories of the source: what happens to the rows of a few orgs, in memory and in Postgres alike.
//!
//! [`ops`] draws a history as a value that proptest can shrink. [`settle`] gives it ids of its own, so that any number of
//! histories share one database, and drops what a foreign key would refuse. Then [`Op::apply`] plays it on a
//! [`World`] and [`Op::execute`] on Postgres; [`read_world`] reads back what Postgres made of it.
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
pub use execute::read_world;
pub use instants::as_of;
pub use strategy::{imports, ops};

/// One SQL statement on one source table.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Rows are written.
    Write(Statement, Rows),
    /// Rows are deleted, those that exist, and what cascades from them.
    Delete(Keys),
}

/// How rows are written. Each is one statement, however many rows it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statement {
    /// `INSERT` of rows that do not exist.
    Insert,
    /// The same by `COPY … FROM STDIN`.
    Copy,
    /// `INSERT … ON CONFLICT (id) DO UPDATE`.
    Upsert,
    /// `UPDATE` of every column, for those rows that exist.
    Update,
    /// `UPDATE` of one column, counted from 0 and round the columns of the table, for those rows that exist.
    UpdateColumn(usize),
}

/// Rows of one table, each id once.
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
