//! A history means the same in memory and in Postgres.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sqlx::{Connection, PgConnection};
use testkit::Database;
use testkit::history::{self, Case, Op};
use testkit::oracle::World;

/// Plays a history on both and returns the rows in memory and those in Postgres.
async fn played(connection: &mut PgConnection, drawn: &[Op]) -> sqlx::Result<(World, World)> {
    let case = Case::fresh();
    let mut world = World::default();
    for op in history::settle(drawn, case) {
        op.apply(&mut world);
        op.execute(connection).await?;
    }
    let read = history::read_world(connection, &case.organizations()).await?;
    Ok((world, read))
}

#[test]
fn postgres_holds_the_rows_of_the_world() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(Database::create()).unwrap();
    let connection = RefCell::new(runtime.block_on(PgConnection::connect(&database.url())).unwrap());
    let drawn = history::as_of().prop_flat_map(|as_of| history::ops(as_of, 1..40));
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&drawn, |drawn| {
        let (world, read) = runtime
            .block_on(played(&mut connection.borrow_mut(), &drawn))
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(world, read);
        Ok(())
    });
    runtime.block_on(database.close()).unwrap();
    outcome.unwrap();
}
