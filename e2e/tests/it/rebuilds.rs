//! `prewarm rebuild` beside a worker and readers.

use e2e::{Org, Process, Stack, eventually};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use readmodel::ids::OrgId;
use uuid::Uuid;

const ALL: [&str; 2] = ["rebuild", "--all"];
const ORGS: u128 = 120;
/// The org that blocks a run. More than a window of orgs lies below it, and some above.
const HELD: u128 = 80;

fn org(n: u128) -> Org {
    Org::of(OrgId(Uuid::from_u128(n)))
}

/// Builds orgs and corrupts part of their stored sums, which only a rebuild from the source repairs.
async fn built_and_spoiled(stack: &Stack) {
    stack
        .sql(&format!(
            "insert into organizations (id, name) select lpad(to_hex(n), 32, '0')::uuid, 'org' from generate_series(1, {ORGS}) n;
             insert into calls (org_id, phone_number) select id, '+1' from organizations"
        ))
        .await;
    eventually("all are built", async || {
        (stack.count("select count(*) from prewarm.blobs where model = 'leads'").await == i64::try_from(ORGS).unwrap())
            .then_some(())
    })
    .await;
    stack.settled().await;
    // The walk that looks for drift would mend some of them too.
    stack.sql("update prewarm.drift_walk set not_before = 'infinity'").await;
    stack.sql("update prewarm.sums set total_calls = total_calls + 1").await;
}

/// The number of orgs whose sums equal the source.
async fn mended(stack: &Stack) -> i64 {
    stack.count("select count(*) from prewarm.sums s where level = 3 and total_calls = (select count(*) from calls where org_id = s.org_id)").await
}

async fn hold(stack: &Stack, n: u128) {
    stack
        .sql(&format!(
            "insert into prewarm.leases (org_id, holder, worker, until) values ('{}', 0, 'test', now() + interval '1 minute')",
            org(n).id
        ))
        .await;
}

async fn let_go(stack: &Stack) {
    stack.sql("delete from prewarm.leases where worker = 'test'").await;
}

/// Waits until a run has reached the blocked org.
async fn at_the_held(stack: &Stack) {
    let position = format!("select count(*) from prewarm.rebuild_runs where next_org = '{}'", org(HELD).id);
    eventually("the run stands before the org that is held", async || {
        (stack.count(&position).await == 1 && mended(stack).await == i64::try_from(ORGS - 1).unwrap()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_killed_run_resumes_where_it_stopped() {
    let stack = Stack::start().await;
    built_and_spoiled(&stack).await;
    hold(&stack, HELD).await;
    let mut run = Process::start(&ALL, &stack.environment);
    at_the_held(&stack).await;

    // A second run is refused, and the first does not affect readers and writers.
    let mut second = Process::start(&ALL, &stack.environment);
    assert_eq!(second.ended().await.code(), Some(1));
    assert_eq!(second.log(), "prewarm: another `prewarm rebuild --all` is running; wait for it or stop it\n");
    stack.sql(&format!("insert into calls (org_id) values ('{}')", org(1).id)).await;
    stack.follows(&org(1)).await;
    run.kill_9();

    stack.sql("update prewarm.sums set total_calls = total_calls + 1").await;
    let_go(&stack).await;
    run.restart();
    assert_eq!(run.ended().await.code(), Some(0), "{}", run.log());
    assert!(run.log().contains(&format!("resuming after {} of {ORGS} orgs", HELD - 1)), "{}", run.log());
    // Only orgs from the position on are repaired.
    assert_eq!(mended(&stack).await, i64::try_from(ORGS - HELD + 1).unwrap());
    assert_eq!(stack.count("select count(*) from prewarm.rebuild_runs where finished_at is not null").await, 1);

    // A completed run is not resumed.
    run.restart();
    assert_eq!(run.ended().await.code(), Some(0), "{}", run.log());
    assert_eq!(mended(&stack).await, i64::try_from(ORGS).unwrap());
    assert!(run.stdout().contains(&format!("rebuilt {ORGS} orgs")), "{}", run.stdout());
    for n in [1, HELD, ORGS] {
        stack.follows(&org(n)).await;
    }
    stack.close().await;
}

#[tokio::test]
async fn a_stopped_run_says_how_to_resume_and_can_be_restarted() {
    let stack = Stack::start().await;
    built_and_spoiled(&stack).await;
    hold(&stack, HELD).await;
    let mut run = Process::start(&ALL, &stack.environment);
    at_the_held(&stack).await;
    kill(Pid::from_raw(run.pid().cast_signed()), Signal::SIGINT).unwrap();
    assert_eq!(run.ended().await.code(), Some(1));
    let stopped =
        format!("prewarm: stopped after {} of {ORGS} orgs; run `prewarm rebuild --all` again to resume\n", ORGS - 1);
    assert_eq!(run.log(), stopped);
    assert_eq!(stack.count("select count(*) from prewarm.leases where worker is distinct from 'test'").await, 0);

    let_go(&stack).await;
    stack.sql("update prewarm.sums set total_calls = total_calls + 1").await;
    let mut anew = Process::start(&["rebuild", "--all", "--restart", "--concurrency", "4"], &stack.environment);
    assert_eq!(anew.ended().await.code(), Some(0), "{}", anew.log());
    assert_eq!(mended(&stack).await, i64::try_from(ORGS).unwrap());
    stack.close().await;
}

#[tokio::test]
async fn an_org_that_cannot_be_rebuilt_is_named_and_the_others_are_rebuilt() {
    let stack = Stack::start().await;
    built_and_spoiled(&stack).await;
    let poison = org(7).id;
    stack
        .sql(&format!(
            "create function refuse() returns trigger language plpgsql as
               $$ begin raise 'row of Ada'; end $$;
             create trigger refuse before update on prewarm.versions for each row
               when (new.org_id = '{poison}') execute function refuse()"
        ))
        .await;
    let mut run = Process::start(&ALL, &stack.environment);
    assert_eq!(run.ended().await.code(), Some(1));
    // Lines of progress may precede it on a busy machine.
    assert_eq!(run.log().lines().last(), Some(&*format!("prewarm: 1 of {ORGS} orgs could not be rebuilt")));
    let listed: Vec<_> =
        run.stdout().lines().filter(|line| line.contains(&poison.to_string())).map(str::to_owned).collect();
    assert_eq!(listed, [format!("{poison}  rebuild: postgres refused: SQLSTATE P0001")]);
    assert_eq!(mended(&stack).await, i64::try_from(ORGS - 1).unwrap());

    stack.sql("drop trigger refuse on prewarm.versions").await;
    let mut one = Process::start(&["rebuild", "--org", &poison.to_string()], &stack.environment);
    assert_eq!(one.ended().await.code(), Some(0), "{}", one.log());
    let told = format!("{poison}  differed from the source: sums\n{poison}  version ");
    assert!(one.stdout().starts_with(&told), "{}", one.stdout());
    assert_eq!(mended(&stack).await, i64::try_from(ORGS).unwrap());

    let nobody = Uuid::from_u128(9999).to_string();
    let mut unknown = Process::start(&["rebuild", "--org", &nobody], &stack.environment);
    assert_eq!(unknown.ended().await.code(), Some(1));
    assert_eq!(unknown.log(), format!("prewarm: there is no org {nobody}\n"));
    stack.close().await;
}
