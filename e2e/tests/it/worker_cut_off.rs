//! The network between one of two workers and Postgres is cut: nothing passes, and no side is told.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use e2e::{Environment, Org, Process, SilentLine, Stack, eventually};
use testkit::sqlx::{self, AssertSqlSafe, Connection, PgConnection};

use crate::worker_killed::watch;

/// From the cut to versions by the other worker. It takes eight seconds, since for so long Postgres believes that a silent
/// process lives.
const PROMISE: Duration = Duration::from_secs(15);

/// The first two rebuilds stop within the statement that writes their version, each until the gate of its org opens.
const GATES: &str = "create sequence public.rebuilds;
    create function public.stop_at_gate() returns trigger language plpgsql security definer as $$
    begin
      if nextval('public.rebuilds') <= 2 then
        perform pg_advisory_xact_lock_shared(hashtext(new.org_id::text));
      end if;
      return new;
    end $$;
    create trigger stop_at_gate before update on prewarm.versions
       for each row execute function public.stop_at_gate()";

const AT_GATES: &str = "select coalesce(array_agg(backend_xid::text), '{}') from pg_stat_activity
                         where datname = current_database() and wait_event = 'advisory'";

/// A worker behind a line that can be cut, which rebuilds two orgs, and one that reaches Postgres directly.
struct Two {
    stack: Stack,
    line: SilentLine,
    cut_off: Process,
    /// An org whose rebuild is within a statement.
    inside: Org,
    /// An org whose rebuild is about to commit.
    committing: Org,
    gates: PgConnection,
    /// The transactions of both rebuilds.
    begun: Vec<String>,
}

impl Two {
    async fn start() -> Self {
        let mut stack = Stack::start().await;
        stack.worker.stop().await;
        let line = SilentLine::to(&stack.database().url());
        let through_line = Environment::from([("DATABASE_URL", line.url())]);
        let cut_off = Process::start(&["worker"], &stack.environment.clone().into_iter().chain(through_line).collect());
        let (inside, committing) = (stack.org().await, stack.org().await);
        for org in [&inside, &committing] {
            stack.follows(org).await;
        }
        stack.settled().await;
        let gates = PgConnection::connect(&stack.database().url()).await.unwrap();
        let mut two = Self { stack, line, cut_off, inside, committing, gates, begun: Vec::new() };
        two.stop_at_gates().await;
        two.stack.worker.restart();
        let lives = "select count(distinct life) from prewarm.workers";
        eventually("both workers live", async || (two.stack.count(lives).await == 2).then_some(())).await;
        two
    }

    async fn stop_at_gates(&mut self) {
        self.stack.sql(GATES).await;
        for org in [&self.inside, &self.committing] {
            let shut = "select pg_advisory_lock(hashtext($1))";
            sqlx::query(shut).bind(org.id.to_string()).execute(&mut self.gates).await.unwrap();
        }
        self.change("before").await;
        self.begun = eventually("both rebuilds stop", async || {
            let begun: Vec<String> = sqlx::query_scalar(AT_GATES).fetch_one(&self.stack.pg).await.unwrap();
            (begun.len() == 2).then_some(begun)
        })
        .await;
    }

    /// The number of the rebuilds' transactions for which a condition holds.
    async fn count(&self, condition: &str) -> i64 {
        let count = format!(
            "select count(*) from unnest($1::text[]) begun (xid)
               left join pg_stat_activity a on a.backend_xid::text = begun.xid where {condition}"
        );
        sqlx::query_scalar(AssertSqlSafe(count)).bind(&self.begun).fetch_one(&self.stack.pg).await.unwrap()
    }

    async fn change(&self, name: &str) {
        for org in [&self.inside, &self.committing] {
            let lead = "insert into contacts (org_id, name, lead_status) values";
            self.stack.sql(&format!("{lead} ('{}', '{name}', 'new')", org.id)).await;
        }
    }

    /// Cuts the network such that a commit is on its way.
    async fn cut(&mut self) {
        self.line.silence_requests();
        let open = "select pg_advisory_unlock(hashtext($1))";
        sqlx::query(open).bind(self.committing.id.to_string()).execute(&mut self.gates).await.unwrap();
        let answered = "a.state = 'idle in transaction'";
        eventually("a commit is due", async || (self.count(answered).await == 1).then_some(())).await;
        // The worker hears the answer, and sends its commit.
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.line.silence();
    }

    /// Waits until both orgs have versions with all changes.
    async fn follow(&self) {
        for org in [&self.inside, &self.committing] {
            self.stack.follows_within(PROMISE, org).await;
        }
    }
}

#[tokio::test]
async fn a_worker_that_the_network_cuts_off_is_replaced_within_fifteen_seconds_and_does_no_harm_later() {
    let mut two = Two::start().await;
    let stop = Arc::new(AtomicBool::new(false));
    let watchers = [&two.inside, &two.committing].map(|org| {
        let url = two.stack.api.http("/api/analytics/dashboard");
        tokio::spawn(watch(two.stack.client.clone(), url, org.clone(), stop.clone()))
    });
    let cut = Instant::now();
    two.cut().await;
    two.change("during").await;
    two.follow().await;
    let took = cut.elapsed();
    println!("taken over after {took:?}");
    assert!(took < PROMISE, "{took:?}");

    // The commit arrives, and so does all else that was sent.
    two.line.lift();
    two.change("after").await;
    two.follow().await;
    assert_eq!(two.count("pg_xact_status(begun.xid::xid8) = 'aborted'").await, 2, "{:?}", two.begun);
    // The worker that was cut off does its work as before.
    two.stack.worker.stop().await;
    two.change("alone").await;
    two.follow().await;
    two.stack.settled().await;
    assert_eq!(two.stack.count("select count(*) from prewarm.dead_letters").await, 0);
    stop.store(true, Ordering::Relaxed);
    for watcher in watchers {
        assert!(watcher.await.unwrap() > 1, "the watcher saw versions come");
    }
    two.stack.worker = two.cut_off;
    two.stack.close().await;
}
