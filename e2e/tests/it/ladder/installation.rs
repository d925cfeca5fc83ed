//! Databases that share a Redis, and a database that is restored while its nodes run.

use std::{path::Path, process::Command};

use e2e::{Answer, Environment, Org, Stack, eventually, report};
use embedded::{Durability, Postgres};
use reqwest::StatusCode;
use testkit::{
    Database, servers,
    sqlx::{self, AssertSqlSafe, Connection as _, PgConnection},
};

use super::{DASHBOARD, add_lead, catches_up, cold, org_with_lead, reads, settled_dashboard};

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn dump(server: &Postgres, database: &Database, to: &Path) {
    run(server.program("pg_dump").arg("--format=custom").arg("--file").arg(to).arg(database.url()));
}

fn restore(server: &Postgres, from: &Path, into: &str) {
    run(server.program("pg_restore").args(["--clean", "--if-exists", "--dbname", into]).arg(from));
}

async fn as_admin(server: &Postgres, statements: &[String]) {
    let mut admin = PgConnection::connect(&server.url("postgres")).await.unwrap();
    for statement in statements {
        sqlx::raw_sql(AssertSqlSafe(statement.as_str())).execute(&mut admin).await.unwrap();
    }
}

/// A private Postgres and a stack on it.
async fn stack_on_own_server() -> (Postgres, Stack) {
    let server = servers::postgres(Durability::Throwaway).await.unwrap();
    let database = Database::create_on(&server.url("postgres")).await.unwrap();
    let stack = Stack::start_on(database, Environment::new()).await;
    (server, stack)
}

async fn shows(stack: &Stack, org: &Org) -> Answer {
    let answer = reads(stack, &stack.api, org).await;
    assert_eq!(answer.stale(), None);
    answer
}

/// Case A3.
#[tokio::test]
async fn a_restored_dump_and_its_original_share_redis_without_mixing() {
    let (server, original) = stack_on_own_server().await;
    let (org, at_dump) = org_with_lead(&original).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    dump(&server, original.database(), file.path());
    let beside = Database::create_on(&server.url("postgres")).await.unwrap();
    restore(&server, file.path(), &beside.url());
    add_lead(&original, &org).await;
    let of_original = settled_dashboard(&original, &org).await;

    // The same orgs, the same Redis.
    let copy = Stack::start_on(beside, Environment::from([("REDIS_URL", original.redis.url())])).await;
    let of_copy = copy.follows(&org).await;
    assert_eq!(of_copy.identity(), at_dump.identity(), "the copy shows what came after the dump");
    assert!(of_copy.version().epoch > of_original.version().epoch);
    let mut node = cold(&copy, &copy.environment).await;
    assert_eq!(reads(&copy, &node, &org).await.identity(), at_dump.identity());

    // Versions of the copy do not affect the original, nor the other way round.
    for _ in 0..3 {
        add_lead(&copy, &org).await;
        settled_dashboard(&copy, &org).await;
        let answer = shows(&original, &org).await;
        assert_eq!((answer.version(), answer.identity()), (of_original.version(), of_original.identity()));
    }
    let of_copy = copy.follows(&org).await;
    add_lead(&original, &org).await;
    let of_original = settled_dashboard(&original, &org).await;
    assert_eq!(shows(&copy, &org).await.version(), of_copy.version());
    let mut of_the_original = cold(&original, &original.environment).await;
    assert_eq!(reads(&original, &of_the_original, &org).await.identity(), of_original.identity());
    for node in [&mut node, &mut of_the_original] {
        node.stop().await;
    }
    copy.close().await;
    original.close().await;
}

#[tokio::test]
async fn rows_lost_in_a_restore_are_not_served_from_memory() {
    let (server, stack) = stack_on_own_server().await;
    let (read, at_dump) = org_with_lead(&stack).await;
    let (unread, unread_at_dump) = org_with_lead(&stack).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    dump(&server, stack.database(), file.path());
    // Changes that the restore will lose: in L1, in Redis, and in a receipt.
    for org in [&read, &unread] {
        add_lead(&stack, org).await;
    }
    let taken = stack.post(&report(&read, "call-lost", "+15550100001")).await;
    let receipt = taken.json()["receipt"].as_str().unwrap().to_owned();
    let lost = settled_dashboard(&stack, &read).await;
    assert_ne!(lost.identity(), at_dump.identity());
    let mut other = stack.another_api().await;
    assert_eq!(reads(&stack, &other, &read).await.identity(), lost.identity());

    // Restores into another database and renames it.
    let name = stack.database().name();
    as_admin(&server, &["create database restored".to_owned()]).await;
    restore(&server, file.path(), &server.url("restored"));
    let swap = [
        format!("alter database {name} with allow_connections false"),
        format!("select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '{name}'"),
        format!("alter database {name} rename to lost"),
        format!("alter database restored rename to {name}"),
    ];
    as_admin(&server, &swap).await;

    for (node, org, held) in
        [(&stack.api, &read, &at_dump), (&other, &read, &at_dump), (&other, &unread, &unread_at_dump)]
    {
        eventually("what was restored is served, as fresh", async || {
            let answer = reads(&stack, node, org).await;
            (answer.stale().is_none() && answer.identity() == held.identity()).then_some(())
        })
        .await;
        // The lost data is never served again, not even by a new node that starts from Redis.
        for _ in 0..20 {
            assert_eq!(reads(&stack, node, org).await.identity(), held.identity());
        }
    }
    let mut fresh = cold(&stack, &stack.environment).await;
    let restored = reads(&stack, &fresh, &unread).await;
    assert_eq!(restored.identity(), unread_at_dump.identity());
    assert!(restored.version() > lost.version(), "{} after {}", restored.version(), lost.version());
    // The receipt of a lost write does not count as included.
    let request = stack.client.get(stack.api.http(DASHBOARD)).bearer_auth(&read.token);
    let waited = Answer::to(request.header("prewarm-wait-for", &receipt)).await.unwrap();
    assert_eq!((waited.status, waited.stale()), (StatusCode::OK, Some("behind-receipt")));

    // New versions pass through the numbers that existed before the restore.
    for _ in 0..5 {
        add_lead(&stack, &read).await;
        let newest = settled_dashboard(&stack, &read).await;
        for node in [&other, &fresh] {
            catches_up(&stack, node, &read, &newest).await;
        }
    }
    for node in [&mut other, &mut fresh] {
        node.stop().await;
    }
    stack.close().await;
}
