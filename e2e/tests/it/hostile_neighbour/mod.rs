//! A neighbour who does everything to the tables that Prewarm is attached to. The application's writers go on through all of it.

#![expect(clippy::print_stdout, reason = "what the neighbour has done is read by people")]

mod events;
mod writer;

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use e2e::{Environment, Org, PANELS, Stack, done, eventually};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use testkit::{
    busy::in_time,
    clinic::{Clinic, run},
    oracle::Rules,
    sqlx::{self, AssertSqlSafe, Connection as _, PgConnection},
};
use tokio::{sync::RwLock, task::JoinSet};

use events::{EVENTS, Step};
use writer::{ORGS, Tally, Writer};

/// The writers, and the pause of each between two statements.
const WRITERS: u16 = 4;
const PAUSE: Duration = Duration::from_millis(80);

/// The promise to writers: no statement is held for longer.
const HELD: Duration = in_time(Duration::from_secs(2));
/// The promise to readers: a difference is told.
const TOLD: Duration = in_time(Duration::from_secs(5));

/// The time after which no other event begins, once each has been. `make soak` sets ten minutes.
const TWO_MINUTES: u64 = 120;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_a_neighbour_does_no_write_fails_and_no_panel_is_wrong() {
    let seed = env::var("PREWARM_TEST_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    let seconds = env::var("PREWARM_HOSTILE_SECONDS").map_or(TWO_MINUTES, |set| set.parse().unwrap());
    println!("PREWARM_TEST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut neighbour = Neighbour::move_in().await;
    let writers = neighbour.write(seed);
    let (began, mut events) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(seconds) {
        let mut round = EVENTS;
        round.shuffle(&mut random);
        for event in round {
            if events >= EVENTS.len() && began.elapsed() > Duration::from_secs(seconds) {
                break;
            }
            events += 1;
            neighbour.suffers(event).await;
        }
    }
    neighbour.stops.store(true, Ordering::Relaxed);
    let tally = writers.join_all().await.into_iter().fold(Tally::default(), |mut all, one| {
        all.add(one);
        all
    });
    let longest = tally.took.iter().max().unwrap();
    println!("{events} events, {} statements, the longest {longest:?}", tally.took.len());
    assert_eq!(tally.failed, [""; 0]);
    assert_eq!(tally.slow, [""; 0], "held for longer than {HELD:?}");
    neighbour.moves_out().await;
}

/// The database of a product with Prewarm beside it, and the same database without.
struct Neighbour {
    stack: Stack,
    twin: Clinic,
    owner: String,
    /// The role that the backend writes as.
    backend: String,
    environment: Environment,
    /// Held by each statement of a writer, and by a comparison, which needs rows that stand still.
    gate: Arc<RwLock<()>>,
    stops: Arc<AtomicBool>,
}

impl Neighbour {
    async fn move_in() -> Self {
        let Clinic { database, mut admin, owner } = Clinic::create().await;
        let backend = format!("{owner}_backend");
        run(
            &mut admin,
            &format!(
                "create role {backend} login bypassrls password '{backend}';
                 grant usage on schema public to {backend}; grant all on all tables in schema public to {backend};
                 alter default privileges for role {owner} in schema public grant all on tables to {backend}"
            ),
        )
        .await;
        let mut twin = Clinic::create().await;
        run(
            &mut twin.admin,
            &format!(
                "grant usage on schema public to {backend}; grant all on all tables in schema public to {backend};
                 alter default privileges for role {} in schema public grant all on tables to {backend}",
                twin.owner
            ),
        )
        .await;
        let environment = Environment::from([("DATABASE_URL", database.url_as(&owner))]);
        command(&["attach", "--map", "clinic"], &environment);
        let mut stack = Stack::start_on(database, environment.clone()).await;
        stack.rules = Rules::Clinic;
        for org in ORGS {
            stack.follows(&Org::of(org)).await;
        }
        let (gate, stops) = (Arc::default(), Arc::default());
        Self { stack, twin, owner, backend, environment, gate, stops }
    }

    /// Starts the writers.
    fn write(&self, seed: u64) -> JoinSet<Tally> {
        let url = self.stack.database().url_as(&self.backend);
        let mut writers = JoinSet::new();
        for number in 0..WRITERS {
            let (url, gate, stops) = (url.clone(), Arc::clone(&self.gate), Arc::clone(&self.stops));
            let mut random = StdRng::seed_from_u64(seed.wrapping_add(1 + u64::from(number)));
            writers.spawn(async move {
                let mut session = PgConnection::connect(&url).await.unwrap();
                let mut tally = Tally::default();
                while !stops.load(Ordering::Relaxed) {
                    let statement = Writer(number).statement(&mut random);
                    let open = gate.read().await;
                    tally.run(&mut session, &statement, HELD).await;
                    drop(open);
                    tokio::time::sleep(PAUSE).await;
                }
                tally
            });
        }
        writers
    }

    /// Goes through an event, after which no answer is labelled and every panel is as the map defines it.
    async fn suffers(&mut self, event: &[Step]) {
        let began = Instant::now();
        for step in event {
            self.takes(*step).await;
        }
        let _standing_still = self.gate.write().await;
        for org in ORGS {
            self.stack.follows_within(Duration::from_secs(15), &Org::of(org)).await;
        }
        println!("{:.1?} for {event:?}", began.elapsed());
    }

    async fn takes(&mut self, step: Step) {
        match step {
            Step::Theirs(statements) => self.migrate(&format!("set local role OWNER; {statements}")).await,
            Step::Superuser(statements) => self.migrate(statements).await,
            Step::Alone(statement) => self.on_both(statement).await,
            Step::Told => self.is_told().await,
            Step::Attach => command(&["attach", "--map", "clinic"], &self.environment),
            Step::Detach => {
                command(&["detach", "--yes"], &self.environment);
                let (left, without) =
                    tokio::task::block_in_place(|| (self.stack.database().dump(), self.twin.database.dump()));
                assert_eq!(left, without.replace(&self.twin.owner, &self.owner));
            }
            Step::Upgrade => {
                self.stack.sql("update prewarm.schema set code = 'of another build'").await;
                command(&["migrate"], &self.environment);
            }
            Step::KillWorker => self.stack.worker.restart(),
        }
    }

    /// A migration of the application, in one transaction.
    async fn migrate(&self, statements: &str) {
        self.on_both(&format!("begin; {statements}; commit")).await;
    }

    /// Runs statements beside Prewarm and without it.
    async fn on_both(&self, statements: &str) {
        for (database, owner) in [(self.stack.database(), &self.owner), (&self.twin.database, &self.twin.owner)] {
            let mut session = PgConnection::connect(&database.url()).await.unwrap();
            until_locked(&mut session, &statements.replace("OWNER", owner)).await;
        }
    }

    /// Waits until a difference is told, and every answer says so and is an answer.
    async fn is_told(&self) {
        let began = Instant::now();
        eventually("the difference is told", async || {
            let differences = self.stack.metrics(&self.stack.worker).await.sum("prewarm_source_drift", &[]);
            (differences > 0.0 && self.all_labelled().await).then_some(())
        })
        .await;
        assert!(began.elapsed() < TOLD, "{:?}", began.elapsed());
    }

    async fn all_labelled(&self) -> bool {
        for panel in PANELS {
            let answer = self.stack.read(&Org::of(ORGS[0]), panel.path).await;
            assert_eq!(answer.status, 200, "{}: {}", panel.path, answer.text());
            if answer.stale() != Some("source-drift") {
                return false;
            }
        }
        true
    }

    async fn moves_out(self) {
        let Self { stack, mut twin, owner, backend, environment, .. } = self;
        command(&["detach", "--yes"], &environment);
        let server = stack.database().server_url().to_owned();
        stack.close().await;
        run(&mut twin.admin, &format!("drop owned by {backend}")).await;
        twin.close().await;
        let mut session = PgConnection::connect(&server).await.unwrap();
        run(&mut session, &format!("drop role {owner}, {backend}")).await;
    }
}

fn command(arguments: &[&str], environment: &Environment) {
    tokio::task::block_in_place(|| done(arguments, environment));
}

/// Runs statements as a careful migration does: it gives way to writers, and tries again.
async fn until_locked(session: &mut PgConnection, statements: &str) {
    run(session, "set lock_timeout = '200ms'").await;
    eventually("a migration gets its locks", async || {
        match sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut *session).await {
            Ok(_) => Some(()),
            Err(error) => {
                let code = error.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned();
                assert!(["55P03", "40P01"].contains(&code.as_str()), "{error}: {statements}");
                run(session, "rollback").await;
                None
            }
        }
    })
    .await;
}
