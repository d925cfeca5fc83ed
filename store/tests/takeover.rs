//! A database whose queue stood in the tables of apalis-postgres: `migrate` takes the jobs over, and removes that schema where
//! it is ours alone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use store::{Source, migrate};
use testkit::Database;

/// A database of the last schema with a queue of that kind.
const BEFORE: &str = include_str!("schema/before.sql");

/// Jobs as the workers of that schema left them.
const JOBS: &str = r#"
    insert into apalis.workers (id, worker_type, storage_name) values ('worker', 'rebuild', 'prewarm');
    insert into apalis.jobs (id, job_type, job, status, attempts, max_attempts, priority, lock_by, idempotency_key, last_result)
    values
      ('1', 'rebuild', '', 'Pending', 0, 3, 0, null, 'rebuild:00000000-0000-0000-0000-000000000001', null),
      ('2', 'rebuild', '', 'Running', 1, 3, 0, 'worker', 'rebuild:00000000-0000-0000-0000-000000000001#2', null),
      ('3', 'rebuild', '', 'Running', 1, 3, -1, 'worker', 'rebuild:00000000-0000-0000-0000-00000000000a#3', null),
      ('4', 'rebuild', '', 'Done', 1, 3, 0, 'worker', 'rebuild:00000000-0000-0000-0000-00000000000b#4', '{"Ok": null}'),
      ('5', 'maintenance', '', 'Failed', 2, 10, 0, 'worker', 'prune', '{"Err": "out of disk"}'),
      ('6', 'maintenance', '', 'Failed', 10, 10, 0, 'worker', 'sweep#6', '{"Err": "out of disk"}'),
      ('7', 'prewarm', '', 'Killed', 1, 3, 0, 'worker', 'prewarm:00000000-0000-0000-0000-000000000004#dead', '{"Err": "400"}'),
      ('8', 'prewarm', '', 'Pending', 0, 3, 1, null, 'test_call:00000000-0000-0000-0000-000000000009', null),
      ('9', 'prewarm', '', 'Pending', 0, 3, 0, null, 'prewarm:nobody', null),
      ('0', 'maintenance', '\xff00fe', 'Pending', 0, 3, 0, null, null, null)"#;

/// Those of them that are not over. Rebuilds, agents and test calls stand where they are owed: one org by its mark.
const TAKEN: [&str; 3] = [
    "maintenance prune 00000000-0000-0000-0000-000000000000 waiting 2 10 out of disk",
    "prewarm prewarm 00000000-0000-0000-0000-000000000004 dead 1 3 400",
    "rebuild rebuild 00000000-0000-0000-0000-000000000001 waiting 0 3",
];

async fn run(session: &mut PgConnection, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(session).await.unwrap();
}

async fn texts(session: &mut PgConnection, query: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(session).await.unwrap()
}

async fn jobs(session: &mut PgConnection) -> Vec<String> {
    let jobs = "select job
                  from (select concat_ws(' ', queue, kind, subject, state, attempts, max_attempts, error) as job
                          from prewarm.shown_jobs) as listed
                 order by job collate \"C\"";
    texts(session, jobs).await
}

/// A database with those jobs and whatever else `with` makes, migrated.
async fn migrated(with: &str) -> (Database, PgConnection) {
    let database = Database::empty().await.unwrap();
    let mut session = PgConnection::connect(&database.url()).await.unwrap();
    // The dump ends with an empty search path.
    run(&mut session, &format!("{BEFORE}; set search_path = public; {JOBS}; {with}")).await;
    migrate(&database.url(), Source::Untouched).await.unwrap();
    (database, session)
}

async fn stays(session: &mut PgConnection) -> bool {
    sqlx::query_scalar("select to_regnamespace('apalis') is not null").fetch_one(session).await.unwrap()
}

#[tokio::test]
async fn jobs_that_are_not_over_wait_again_and_the_schema_goes() {
    let theirs = "create function public.generate_ulid() returns text language sql return 'theirs'";
    let (database, mut session) = migrated(theirs).await;
    assert_eq!(jobs(&mut session).await, TAKEN);
    assert!(!stays(&mut session).await);
    assert_eq!(texts(&mut session, "select public.generate_ulid()").await, ["theirs"]);
    drop(session);
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_schema_that_another_program_uses_too_stays() {
    for theirs in [
        "insert into apalis.jobs (id, job_type, job) values ('theirs', 'emails', '')",
        "insert into apalis.workers (id, worker_type, storage_name) values ('theirs', 'emails', 'postgres')",
        "create view public.waiting as select count(*) from apalis.jobs where status = 'Pending'",
        "create table public.letters (id text default apalis.generate_ulid())",
        "create table apalis.theirs ()",
        "create function apalis.get_jobs() returns int language sql return 1",
        "drop index apalis.jobs_running",
    ] {
        let (database, mut session) = migrated(theirs).await;
        assert_eq!(jobs(&mut session).await, TAKEN, "{theirs}");
        assert!(stays(&mut session).await, "{theirs}");
        assert_eq!(
            texts(&mut session, "select count(*)::text from apalis.jobs where id < 'a'").await,
            ["10"],
            "{theirs}"
        );
        drop(session);
        database.close().await.unwrap();
    }
}
