//! Other programs write the source by plain SQL.

use std::time::{Duration, Instant};

use e2e::{Stack, eventually};
use testkit::{
    busy::in_time,
    sqlx::{self, AssertSqlSafe, Connection, PgConnection},
};

/// A role of the server. It outlives the test; its rights end with the database.
const ROLE: &str = "prewarm_test_writer";

/// A session that may write the source past its row level security, and has no rights on our objects.
async fn writer(stack: &Stack) -> PgConnection {
    stack
        .sql(&format!(
            "do $$ begin create role {ROLE} bypassrls; exception when duplicate_object or unique_violation then null; end $$;
             grant select, insert, update, delete, truncate on all tables in schema public to {ROLE}"
        ))
        .await;
    let mut session = PgConnection::connect(&stack.environment["DATABASE_URL"]).await.unwrap();
    run(&mut session, &format!("set role {ROLE}")).await.unwrap();
    let refused = run(&mut session, "select from prewarm.marks").await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "42501", "insufficient_privilege");
    session
}

async fn run(session: &mut PgConnection, statements: &str) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(session).await.map(|_| ())
}

#[tokio::test]
async fn every_kind_of_write_reaches_the_panels() {
    let stack = Stack::start().await;
    let mut writer = writer(&stack).await;
    let (org, other) = (stack.org().await, stack.org().await);
    stack.follows(&org).await;
    let statements = [
        "insert into contacts (org_id, name, phone, lead_status, lead_score, last_contact_at)
           select '$org', 'c' || i, '+1' || i, 'new', 10 * i, now() - i * interval '5 hours' from generate_series(1, 9) i",
        "insert into calls (org_id, contact_id, phone_number, duration_seconds, sentiment_score)
           select org_id, id, phone, lead_score, lead_score / 100.0 from contacts where org_id = '$org'",
        "insert into appointments (org_id, contact_id, status, scheduled_at)
           select org_id, id, 'confirmed', now() from contacts where org_id = '$org'",
        "update contacts set lead_score = 100 - lead_score, estimated_value = 12.345 where org_id = '$org'",
        "update calls set summary = 'seen', sentiment_label = 'positive' where org_id = '$org' and duration_seconds > 50",
        "insert into organizations (id, name, timezone) values ('$org', 'x', 'Asia/Tokyo')
           on conflict (id) do update set timezone = excluded.timezone",
        "merge into contacts c using (values ('c1'), ('c10')) v (name) on c.org_id = '$org' and c.name = v.name
           when matched then delete
           when not matched then insert (org_id, name, lead_status) values ('$org', v.name, 'qualified')",
        "with moved as (update calls set org_id = '$other', contact_id = null where org_id = '$org' and phone_number = '+12'
           returning id) insert into appointments (org_id, service_type, status) select '$other', 'from ' || id, 'pending' from moved",
        "delete from contacts where org_id = '$org' and name in ('c3', 'c4')",
        "truncate appointments",
    ];
    for statement in statements {
        let statement = statement.replace("$org", &org.id.to_string()).replace("$other", &other.id.to_string());
        run(&mut writer, &statement).await.unwrap_or_else(|error| panic!("{error}: {statement}"));
        stack.follows(&org).await;
        stack.follows(&other).await;
    }
    let mut copy = writer.copy_in_raw("copy calls (org_id, phone_number, duration_seconds) from stdin").await.unwrap();
    copy.send(format!("{0}\t+15\t61\n{0}\t+16\t\\N\n{1}\t+17\t1\n", org.id, other.id).into_bytes()).await.unwrap();
    copy.finish().await.unwrap();
    assert_eq!(stack.follows(&org).await.json()["calls"]["calls"][0]["call_direction"], "inbound");
    stack.follows(&other).await;
    run(&mut writer, "truncate contacts cascade").await.unwrap();
    for org in [&org, &other] {
        let shown = stack.follows(org).await.json();
        assert_eq!((shown["leads"]["leads"].as_array().unwrap().len(), &shown["pulse"]["total_calls"]), (0, &0.into()));
    }
    stack.close().await;
}

#[tokio::test]
async fn a_deleted_org_is_forgotten_and_can_be_created_again() {
    let stack = Stack::start().await;
    let mut writer = writer(&stack).await;
    let org = stack.org().await;
    let insert = format!("insert into contacts (org_id, name, lead_status) values ('{}', 'Ada', 'new')", org.id);
    for _ in 0..3 {
        run(&mut writer, &insert).await.unwrap();
        stack.follows(&org).await;
    }
    run(&mut writer, &format!("delete from organizations where id = '{}'", org.id)).await.unwrap();
    let empty = stack.follows(&org).await.json();
    assert_eq!(empty["leads"]["leads"].as_array().unwrap().len(), 0);
    eventually("no blob is left", async || {
        (stack.count("select count(*) from prewarm.blobs").await == 0).then_some(())
    })
    .await;

    run(&mut writer, &format!("insert into organizations (id, name) values ('{}', 'again')", org.id)).await.unwrap();
    run(&mut writer, &insert).await.unwrap();
    let again = stack.follows(&org).await.json();
    assert_eq!(again["leads"]["leads"][0]["contact_name"], "Ada");
    stack.close().await;
}

#[tokio::test]
async fn an_open_transaction_blocks_no_rebuild_and_is_seen_when_it_commits() {
    let stack = Stack::start().await;
    let (mut idle, mut busy) = (writer(&stack).await, writer(&stack).await);
    let org = stack.org().await;
    run(&mut busy, &format!("insert into contacts (org_id, name, lead_status) values ('{}', 'first', 'new')", org.id))
        .await
        .unwrap();
    stack.follows(&org).await;

    let insert = |name: &str| {
        format!(
            "insert into contacts (org_id, name, lead_status, created_at) values ('{}', '{name}', 'new', now())",
            org.id
        )
    };
    run(&mut idle, &format!("begin; update contacts set lead_score = 99; {}", insert("open"))).await.unwrap();
    for number in 0..5 {
        let started = Instant::now();
        run(&mut busy, &insert(&format!("committed {number}"))).await.unwrap();
        assert!(started.elapsed() < in_time(Duration::from_secs(1)), "a writer waited {:?}", started.elapsed());
        let shown = stack.follows(&org).await.json();
        assert_eq!(shown["leads"]["leads"].as_array().unwrap().len(), 2 + number);
        assert_eq!(shown["pulse"]["hot_leads_count"], 0);
    }
    run(&mut idle, "commit").await.unwrap();
    let shown = stack.follows(&org).await.json();
    assert_eq!((shown["leads"]["leads"].as_array().unwrap().len(), &shown["pulse"]["hot_leads_count"]), (7, &1.into()));
    stack.close().await;
}

#[tokio::test]
async fn writers_of_one_org_do_not_wait_for_each_other() {
    const WRITERS: usize = 8;
    const ROUNDS: usize = 15;
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack.follows(&org).await;
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let mut session = writer(&stack).await;
        // A writer that has to wait fails.
        let insert =
            format!("insert into contacts (org_id, name, lead_status) values ('{}', '{number}', 'new')", org.id);
        run(&mut session, &format!("set lock_timeout = '1s'; {insert}")).await.unwrap();
        writers.push(session);
    }
    for round in 0..ROUNDS {
        for (number, session) in writers.iter_mut().enumerate() {
            let statements = format!(
                "begin;
                 insert into calls (org_id, contact_id, phone_number)
                   select org_id, id, '+1' from contacts where org_id = '{0}' and name = '{number}';
                 insert into calls (org_id, phone_number) select '{0}', '+1' from generate_series(1, 150);
                 update contacts set lead_score = {round} where org_id = '{0}' and name = '{number}';
                 insert into appointments (org_id, contact_id, status)
                   select org_id, id, 'pending' from contacts where org_id = '{0}' and name = '{number}'",
                org.id
            );
            run(session, &statements).await.unwrap();
        }
        // All transactions are open while rebuilds of the last round run. A wait for a lock would show here.
        let waiting = "select count(*) from pg_locks l join pg_stat_activity a using (pid)
                        where not l.granted and a.datname = current_database() and a.query ilike '%calls%'";
        assert_eq!(stack.count(waiting).await, 0);
        for session in writers.iter_mut().rev() {
            run(session, "commit").await.unwrap();
        }
    }
    let shown = stack.follows(&org).await.json();
    assert_eq!(shown["pulse"]["total_calls"], WRITERS * ROUNDS * 151);
    stack.close().await;
}

#[tokio::test]
async fn a_renamed_column_fails_no_writer_and_the_panels_catch_up() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack.follows(&org).await;
    for column in ["phone_number", "org_id"] {
        let statements = format!(
            "begin;
             insert into contacts (org_id, name, phone, lead_status) values ('{0}', 'Ada', '+1', 'new');
             insert into calls (org_id, phone_number, duration_seconds) values ('{0}', '+1', 60);
             alter table calls rename {column} to away;
             update calls set duration_seconds = 90, summary = 'seen';
             alter table calls rename away to {column};
             commit",
            org.id
        );
        stack.sql(&statements).await;
        stack.follows(&org).await;
    }
    assert_eq!(stack.count("select count(*) from prewarm.source_faults").await, 2);
    stack.close().await;
}

/// Triggers run with the rights of the schema's owner, and in the writer's search path.
#[tokio::test]
async fn a_writers_search_path_cannot_run_code_with_our_rights() {
    let stack = Stack::start().await;
    let mut writer = writer(&stack).await;
    let org = stack.org().await;
    stack.sql(&format!("create schema trap authorization {ROLE}")).await;
    let traps = "create table trap.ran (as_whom text);
         create function trap.note() returns boolean language plpgsql as
           'begin insert into trap.ran values (current_user); return true; end';
         create function trap.compare(a bigint, b integer) returns boolean language sql as 'select trap.note()';
         create function trap.compare(a uuid, b uuid) returns boolean language sql as 'select trap.note()';
         create function trap.compare(a text, b text) returns boolean language sql as 'select trap.note()';
         create operator trap.> (leftarg = bigint, rightarg = integer, function = trap.compare);
         create operator trap.= (leftarg = uuid, rightarg = uuid, function = trap.compare);
         create operator trap.= (leftarg = text, rightarg = text, function = trap.compare);
         create function trap.date_bin(interval, timestamptz, timestamptz) returns timestamptz language plpgsql as
           'begin perform trap.note(); return $2; end';
         create temporary table new_rows (org_id uuid, id uuid, contact_id uuid, phone_number text, created_at timestamptz);
         set search_path = trap, pg_catalog, public";
    run(&mut writer, traps).await.unwrap();
    assert!(run(&mut writer, "select 'a' = 'b'::text").await.is_ok(), "the trap is set");
    for count in [1, 200] {
        let statements = [
            "insert into contacts (org_id, name, phone, lead_status) select '$org', 'c' || i, '+1' || i, 'new'",
            "insert into calls (org_id, phone_number) select '$org', '+1' || i",
            "insert into appointments (org_id, status) select '$org', 'confirmed'",
        ];
        for statement in statements {
            let statement = statement.replace("$org", &org.id.to_string());
            run(&mut writer, &format!("{statement} from generate_series(1, {count}) i")).await.unwrap();
            stack.follows(&org).await;
        }
    }
    assert!(stack.count(&format!("select count(*) from trap.ran where as_whom = '{ROLE}'")).await > 0);
    assert_eq!(stack.count(&format!("select count(*) from trap.ran where as_whom <> '{ROLE}'")).await, 0);
    stack.close().await;
}
