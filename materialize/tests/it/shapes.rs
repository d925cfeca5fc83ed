//! The cost of an event does not depend on the shape and size of an org's data, and a first import costs one rebuild. Costs
//! are counted in buffers and rows, not in time. Every plan is made while the tables are empty, and kept.

use std::ops::Sub;

use materialize::{Outcome, rebuild};
use readmodel::{ids::OrgId, time::Clock};
use store::{Config, Sessions, Store};
use testkit::{
    Database,
    shapes::Shape,
    sqlx::{self, Connection, PgConnection},
};
use tokio::task::{JoinSet, LocalSet};
use uuid::Uuid;

const ORG: OrgId = OrgId(Uuid::from_u128(1));

/// Events before the measurement, in which hours become dense and are kept in bins.
const WARM_UP: u32 = 3;
const EVENTS: u32 = 5;
/// The number of future hours with calls of a shape.
const HOURS_TO_COME: f64 = 2_200.0;

/// The buffers and rows read by the server since its start.
#[derive(Clone, Copy, Debug)]
struct Read {
    buffers: i64,
    rows: i64,
}

impl Sub for Read {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { buffers: self.buffers - before.buffers, rows: self.rows - before.rows }
    }
}

impl Read {
    /// Whether it is at most `times` another plus `spare`.
    fn within(self, times: f64, other: Self, spare: f64) -> bool {
        let within = |this: i64, other: i64| this as f64 <= other as f64 * times + spare;
        within(self.buffers, other.buffers) && within(self.rows, other.rows)
    }
}

/// A database with one org, one warm session with plans from empty tables, and a writer.
struct Subject {
    database: Database,
    store: Store,
    writer: PgConnection,
}

impl Subject {
    async fn new() -> Self {
        let database = Database::create().await.unwrap();
        let store = open(&database);
        let mut writer = PgConnection::connect(&database.url()).await.unwrap();
        // Autovacuum must not make statistics or read tables.
        sqlx::raw_sql(ALONE).execute(&mut writer).await.unwrap();
        store.seed_organization(ORG, "an org", "Asia/Kolkata").await.unwrap();
        let mut subject = Self { database, store, writer };
        subject.rebuild().await;
        // A change of another contact, so that incremental statements are planned as well.
        let first = "insert into public.contacts (org_id, phone, lead_status) select id, '+0', 'new' from public.organizations;
                     insert into public.calls (org_id, phone_number) select id, '+0' from public.organizations;
                     insert into public.appointments (org_id, contact_id, status) select org_id, id, 'pending' from public.contacts";
        sqlx::raw_sql(first).execute(&mut subject.writer).await.unwrap();
        subject.rebuild().await;
        subject
    }

    async fn rebuild(&mut self) {
        let outcome = rebuild(&self.store, Clock::Database, ORG).await.unwrap();
        assert!(matches!(outcome, Outcome::Changed(_) | Outcome::Unchanged(_)), "{outcome:?}");
    }

    /// The reads of one rebuild.
    async fn read_by_rebuild(&mut self) -> Read {
        let before = self.read().await;
        self.rebuild().await;
        self.read().await - before
    }

    /// The reads so far, after both sessions have reported theirs. Marks do not count: dead ones are read for as long as
    /// transactions of other databases last.
    async fn read(&mut self) -> Read {
        let flush = "select pg_stat_force_next_flush()";
        let mut warm = self.store.warm_sessions().take().await.unwrap();
        sqlx::raw_sql(flush).execute(&mut *warm).await.unwrap();
        warm.give_back();
        sqlx::raw_sql(flush).execute(&mut self.writer).await.unwrap();
        let read = "select (select sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0))
                              from pg_statio_user_tables
                             where relname <> 'marks')::bigint,
                           ((select sum(seq_tup_read) from pg_stat_user_tables where relname <> 'marks')
                            + (select sum(idx_tup_read) from pg_stat_user_indexes where relname <> 'marks'))::bigint";
        let (buffers, rows) = sqlx::query_as(read).fetch_one(&mut self.writer).await.unwrap();
        Read { buffers, rows }
    }

    /// The reads of the rebuilds of a few events.
    async fn read_by_events(&mut self, shape: Shape, first: u32) -> Read {
        let mut all = Read { buffers: 0, rows: 0 };
        for n in first..first + WARM_UP + EVENTS {
            shape.call(&mut self.writer, ORG, n).await.unwrap();
            let read = self.read_by_rebuild().await;
            if n >= first + WARM_UP {
                all = Read { buffers: all.buffers + read.buffers, rows: all.rows + read.rows };
            }
        }
        all
    }

    async fn execute(&mut self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&mut self.writer).await.unwrap();
    }

    /// The reads of one rebuild without stored rows, with plans from current statistics.
    async fn read_by_one_build(&mut self) -> Read {
        self.execute(FORGET).await;
        self.execute("analyze").await;
        self.store = open(&self.database);
        self.read_by_rebuild().await
    }

    async fn close(self) {
        self.store.close().await;
        drop(self.store);
        drop(self.writer);
        self.database.close().await.unwrap();
    }
}

const ALONE: &str = "do $$ declare one regclass; begin
    for one in select relid from pg_stat_user_tables loop
        execute format('alter table %s set (autovacuum_enabled = off)', one);
    end loop;
end $$";

const FORGET: &str = "truncate prewarm.frequent_caller_bins, prewarm.frequent_callers, prewarm.actionable_leads, prewarm.sums, prewarm.maintained, prewarm.blobs, prewarm.versions";

/// A store with a single session for rebuilds.
fn open(database: &Database) -> Store {
    Store::open(&Config {
        database_url: database.url(),
        direct_url: None,
        redis: None,
        connections: 1,
        sessions: Sessions::Working,
        application_name: "test",
        format: readmodel::model::Format::CURRENT,
    })
    .unwrap()
}

/// The cost of a shape.
#[derive(Debug)]
struct Cost {
    first_build: Read,
    /// With plans from empty tables.
    events: Read,
    one_build: Read,
    /// With plans from current statistics.
    events_analyzed: Read,
}

async fn cost(shape: Shape) -> Cost {
    let mut subject = Subject::new().await;
    shape.fill(&mut subject.writer, ORG).await.unwrap();
    let first_build = subject.read_by_rebuild().await;
    let events = subject.read_by_events(shape, 10).await;
    let one_build = subject.read_by_one_build().await;
    let events_analyzed = subject.read_by_events(shape, 20).await;
    subject.close().await;
    Cost { first_build, events, one_build, events_analyzed }
}

/// Each shape has been slow at some time.
#[tokio::test]
async fn every_data_shape_costs_no_more_than_a_plain_org() {
    // In parallel, each in its own database.
    let side_by_side = async {
        let mut costs = JoinSet::new();
        for shape in Shape::ALL {
            costs.spawn_local(async move { (shape, cost(shape).await) });
        }
        costs.join_all().await
    };
    let costs = LocalSet::new().run_until(side_by_side).await;
    let plain = costs.iter().find(|(shape, _)| *shape == Shape::Plain).map(|(_, cost)| cost.events).unwrap();
    let spare = f64::from(EVENTS) * 40.0;
    for (shape, cost) in &costs {
        // The chart includes every future hour, by definition.
        let spare = if *shape == Shape::Future { spare + f64::from(EVENTS) * HOURS_TO_COME } else { spare };
        assert!(cost.first_build.within(3.0, cost.one_build, 1_000.0), "{shape}: the first build {cost:?}");
        assert!(cost.events.within(1.3, plain, spare), "{shape}: events {:?}, plain {plain:?}", cost.events);
        assert!(cost.events_analyzed.within(1.3, plain, spare), "{shape}: {:?}, plain {plain:?}", cost.events_analyzed);
    }
}

/// Imports contacts and then calls into empty tables by one statement each, with a rebuild after each.
#[tokio::test]
async fn an_import_into_an_empty_database_costs_no_more_than_one_build() {
    let mut subject = Subject::new().await;
    subject
        .execute(
            "insert into public.contacts (org_id, name, phone, lead_score, lead_status)
             select o.id, 'a contact', '+1555' || i, i % 101, 'new' from public.organizations o, generate_series(1, 4000) i",
        )
        .await;
    let contacts = subject.read_by_rebuild().await;
    subject
        .execute(
            "insert into public.calls (org_id, phone_number, duration_seconds, summary, created_at)
             select o.id, '+1555' || i % 4000, 60, 'Asked', now() - make_interval(mins => i)
               from public.organizations o, generate_series(1, 20000) i",
        )
        .await;
    let calls = subject.read_by_rebuild().await;
    let one = subject.read_by_one_build().await;
    let both = Read { buffers: contacts.buffers + calls.buffers, rows: contacts.rows + calls.rows };
    assert!(both.within(2.0, one, 1_000.0), "contacts {contacts:?}, calls {calls:?}, one build {one:?}");
    subject.close().await;
}

/// A call from a number that many contacts share changes each of them.
#[tokio::test]
async fn a_call_from_a_shared_number_reads_its_calls_once() {
    const SHARERS: i64 = 2_000;
    const CALLS: i64 = 1_000;
    let mut subject = Subject::new().await;
    subject
        .execute(
            "insert into public.contacts (org_id, phone, lead_status)
             select o.id, case when i <= 2000 then '+15550000000' else '+1666' || i end, 'new'
               from public.organizations o, generate_series(1, 10000) i;
             insert into public.calls (org_id, phone_number) select o.id, '+15550000000' from public.organizations o, generate_series(1, 1000)",
        )
        .await;
    subject.rebuild().await;
    subject
        .execute("insert into public.calls (org_id, phone_number) select id, '+15550000000' from public.organizations")
        .await;
    let read = subject.read_by_rebuild().await;
    let counted: i64 = sqlx::query_scalar("select count(*) from prewarm.actionable_leads where total_calls = $1")
        .bind(CALLS + 1)
        .fetch_one(&mut subject.writer)
        .await
        .unwrap();
    assert_eq!(counted, SHARERS);
    assert!(read.rows < 20 * (SHARERS + CALLS), "{read:?}");
    assert!(read.buffers < 60 * (SHARERS + CALLS), "{read:?}");
    subject.close().await;
}
