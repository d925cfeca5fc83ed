//! After any history, every model of every org equals the oracle, byte for byte, by incremental and by full rebuilds.

use std::{cell::Cell, env, time::Duration};

use materialize::{Memo, Outcome, rebuild, rebuild_anew, rebuild_by};
use proptest::{
    prelude::*,
    test_runner::{FileFailurePersistence, TestRunner},
};
use readmodel::{
    ids::OrgId,
    model::Model,
    time::{Clock, Timestamp},
};
use store::Store;
use testkit::{
    Database,
    history::{self, Case, Op},
    oracle::{self, Micros, World},
    sqlx::{self, AssertSqlSafe, Connection, PgConnection},
};

use crate::harness::{defined, edition, open, settle_by, shown, world};

/// The events of all tests together, unless `PREWARM_TEST_EVENTS` is set; `make soak` sets a million. A missing trigger or a
/// failing look-up shows within 750.
const EVENTS: u32 = 8_000;

/// The number of tests that share the events and run in parallel.
const PARTS: u32 = 8;

/// The events of a history, without the creation of its orgs.
const LENGTH: std::ops::Range<usize> = 1..30;

/// Thresholds under which hours are kept in bins and callers are frequent, as in an org with a call a minute.
const DENSE: &str = "create or replace function prewarm.dense_hour() returns bigint language sql immutable return 0;
     create or replace function prewarm.frequent_from() returns bigint language sql immutable return 1;";

/// A threshold under which leads, and sums, are brought up to date all at once.
const MANY: &str = "create or replace function prewarm.few() returns int language sql immutable return 0";

/// Thresholds under which a statement of more than one row marks the whole org, as imports do.
const WIDE: &str =
    "create or replace function prewarm.is_wide(rows bigint) returns boolean language sql immutable return rows > 1;
     create or replace function prewarm.dense_hour() returns bigint language sql immutable return 1;";

/// Attaches the tables by a map whose columns are expressions, as those of other people's tables are.
const MAPPED: &str = r#"
    do $$
    declare
      map jsonb := (select s.map from prewarm.schema s);
      one record;
    begin
      for one in
        select t.key as source, c.key as name, c.value as mapped
          from jsonb_each(map -> 'tables') t, jsonb_each_text(t.value -> 'columns') c
      loop
        map := jsonb_set(map, array['tables', one.source, 'columns', one.name],
                         to_jsonb(format('case when "%s"."id" is not null then %s end', one.source, one.mapped)));
      end loop;
      map := jsonb_set(map, '{mode}', '"observe"');
      map := jsonb_set(map, '{tables,contacts,where}', '"name is null or name not like ''%no such name%''"');
      call prewarm.attach(map);
    end $$"#;

#[test]
fn models_equal_the_definition_through_a_map_of_expressions() {
    check(MAPPED);
}

#[test]
fn models_equal_the_definition_1() {
    check("");
}

#[test]
fn models_equal_the_definition_2() {
    check("");
}

#[test]
fn models_equal_the_definition_3() {
    check("");
}

#[test]
fn models_equal_the_definition_where_many_leads_are_touched() {
    check(MANY);
}

#[test]
fn models_equal_the_definition_where_hours_are_dense_1() {
    check(DENSE);
}

#[test]
fn models_equal_the_definition_where_hours_are_dense_2() {
    check(DENSE);
}

#[test]
fn models_equal_the_definition_where_statements_are_wide_1() {
    check(WIDE);
}

#[test]
fn models_equal_the_definition_where_statements_are_wide_2() {
    check(WIDE);
}

/// Statements that cache plans while the tables are empty, before an import.
const EMPTY: &str =
    "truncate public.organizations cascade;
     truncate prewarm.marks, prewarm.frequent_caller_bins, prewarm.frequent_callers, prewarm.actionable_leads, prewarm.sums, prewarm.maintained, prewarm.blobs,
              prewarm.versions, prewarm.leases";

#[test]
fn models_equal_the_definition_after_an_import_into_empty_tables() {
    check_histories(
        "",
        EMPTY,
        history::as_of().prop_flat_map(|at| (Just(at), history::imports(at), pace(), remembering())),
        cases() / 4,
    );
}

/// Replaces thresholds, which are functions of the schema, so that small histories reach the paths of large orgs. Failing
/// seeds are kept in a file beside this one and run first.
fn check(thresholds: &'static str) {
    let histories = history::as_of().prop_flat_map(|at| (Just(at), history::ops(at, LENGTH), pace(), remembering()));
    check_histories(thresholds, "", histories, cases());
}

/// Plays histories, each after the given statements.
#[expect(clippy::print_stdout, reason = "what a soak has done is read by people")]
fn check_histories(
    thresholds: &'static str,
    before_each: &'static str,
    histories: impl Strategy<Value = (Micros, Vec<Op>, Pace, Remembering)>,
    cases: u32,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(Database::create()).unwrap();
    let store = {
        let _inside = runtime.enter();
        open(&database, None)
    };
    let view = runtime.block_on(view_definition(&store));
    runtime.block_on(sqlx::raw_sql(thresholds).execute(store.sessions())).unwrap();
    let config = ProptestConfig {
        cases: cases.max(1),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("seeds"))),
        source_file: Some(file!()),
        ..ProptestConfig::default()
    };
    let (histories_played, events_played) = (Cell::new(0_u64), Cell::new(0_u64));
    let outcome = TestRunner::new(config).run(&histories, |(at, drawn, pace, remembering)| {
        histories_played.set(histories_played.get() + 1);
        events_played.set(events_played.get() + drawn.len() as u64);
        runtime.block_on(sqlx::raw_sql(before_each).execute(store.sessions())).unwrap();
        runtime.block_on(play(&store, &view, at, &drawn, pace, remembering)).map_err(TestCaseError::fail)
    });
    runtime.block_on(async {
        store.close().await;
        database.close().await.unwrap();
    });
    println!("{} events in {} histories compared", events_played.get(), histories_played.get());
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// The number of histories of one part, from the average length.
fn cases() -> u32 {
    let events = env::var("PREWARM_TEST_EVENTS").map_or(EVENTS, |set| set.parse().unwrap());
    let average = (LENGTH.start + LENGTH.end) as u32 / 2;
    (events / PARTS / average).max(1)
}

/// The times at which a history is rebuilt and compared.
#[derive(Clone, Copy, Debug)]
enum Pace {
    /// Once in the middle, and at the end.
    Pause(usize),
    /// After every operation, while the clock moves forward or back by this much each time.
    EachStep(Micros),
}

/// Whether rebuilds go by what the process remembers.
#[derive(Clone, Copy, Debug)]
enum Remembering {
    Never,
    Always,
    /// Some do not, and before some it is thrown away.
    Sometimes,
}

fn remembering() -> impl Strategy<Value = Remembering> {
    prop_oneof![
        1 => Just(Remembering::Never),
        2 => Just(Remembering::Always),
        2 => Just(Remembering::Sometimes),
    ]
}

/// Rebuilds by what is remembered, or not.
struct Rebuilder<'a> {
    store: &'a Store,
    memo: Memo,
    remembering: Remembering,
}

impl Rebuilder<'_> {
    async fn rebuild(&self, at: Micros, org: OrgId) -> Outcome {
        let clock = Clock::Pinned(Timestamp::from_micros(at));
        let remembers = match self.remembering {
            Remembering::Never => false,
            Remembering::Always => true,
            Remembering::Sometimes => {
                if rand::random_ratio(1, 3) {
                    self.memo.forget(org);
                }
                rand::random_ratio(3, 4)
            }
        };
        match remembers {
            true => rebuild_by(self.store, &self.memo, clock, org).await.unwrap(),
            false => rebuild(self.store, clock, org).await.unwrap(),
        }
    }

    async fn settle(&self, orgs: &[OrgId], at: Micros) {
        settle_by(self.store, orgs, async |org| self.rebuild(at, org).await).await;
    }
}

/// The stored rows of one history in this many are corrupted.
const SPOIL_EVERY: usize = 4;

const HOUR: Micros = 3_600_000_000;

fn pace() -> impl Strategy<Value = Pace> {
    prop_oneof![
        2 => (0..30_usize).prop_map(Pace::Pause),
        1 => prop::sample::select(vec![0, 1, HOUR, 7 * HOUR, 25 * HOUR, -HOUR]).prop_map(Pace::EachStep),
    ]
}

/// Plays a history and rebuilds at its pace. At the end a full rebuild changes nothing.
async fn play(
    store: &Store,
    view: &str,
    at: Micros,
    drawn: &[Op],
    pace: Pace,
    remembering: Remembering,
) -> Result<(), String> {
    let rebuilder = Rebuilder { store, memo: Memo::new(1 << 24, Duration::MAX), remembering };
    let case = Case::fresh();
    let orgs = case.organizations();
    let mut connection = store.sessions().take().await.unwrap();
    let ops = history::settle(drawn, case);
    for (n, op) in ops.iter().enumerate() {
        op.execute(&mut connection).await.map_err(|error| error.to_string())?;
        match pace {
            Pace::EachStep(step) => {
                let now = at - step * Micros::try_from(ops.len() - 1 - n).unwrap();
                owe_deadlines(&mut connection, &orgs).await;
                rebuilder.settle(&orgs, now).await;
                let world = world(&mut connection, &orgs).await;
                for org in &orgs {
                    compare(store, &world, *org, now).await.map_err(|error| format!("after step {n}: {error}"))?;
                }
            }
            Pace::Pause(pause) if pause == n => rebuilder.settle(&orgs, at).await,
            Pace::Pause(_) => {}
        }
    }
    rebuilder.settle(&orgs, at).await;
    let world = world(&mut connection, &orgs).await;
    for org in orgs {
        compare(store, &world, org, at).await?;
        compare_with_view(&mut connection, view, org, at).await?;
        let drifted = store.drift_of(org).await.unwrap();
        if world.organizations.contains_key(&org) && drifted != Some(Vec::new()) {
            return Err(format!("drift: {drifted:?}"));
        }
        make_anew(store, &mut connection, org, at).await?;
        if drawn.len().is_multiple_of(SPOIL_EVERY) {
            make_anew_from_spoiled(store, &mut connection, org, at).await?;
        }
    }
    Ok(())
}

/// Makes orgs with passed deadlines owed.
async fn owe_deadlines(connection: &mut PgConnection, orgs: &[OrgId]) {
    let ids: Vec<_> = orgs.iter().map(|org| org.0).collect();
    let owe =
        "insert into prewarm.marks (org_id, what) select org_id, 'calls' from prewarm.versions where org_id = any($1)";
    sqlx::query(owe).bind(ids).execute(connection).await.unwrap();
}

/// Checks that a full rebuild of an org changes nothing.
async fn make_anew(store: &Store, connection: &mut PgConnection, org: OrgId, at: Micros) -> Result<(), String> {
    let by_differences = kept(connection, org).await;
    let forget = "delete from prewarm.maintained where org_id = $1";
    let forgotten = sqlx::query(forget).bind(org.0).execute(&mut *connection).await.unwrap();
    if forgotten.rows_affected() == 0 {
        return Ok(());
    }
    match rebuild(store, Clock::Pinned(Timestamp::from_micros(at)), org).await.unwrap() {
        Outcome::Unchanged(_) => {}
        other => return Err(format!("a full rebuild differs from the stored rows: {other:?}")),
    }
    let anew = kept(connection, org).await;
    if anew == by_differences { Ok(()) } else { Err(format!("sums have drifted: {by_differences:#?}, anew {anew:#?}")) }
}

/// Corrupts the stored rows of an org and checks that a full rebuild repairs them.
async fn make_anew_from_spoiled(
    store: &Store,
    connection: &mut PgConnection,
    org: OrgId,
    at: Micros,
) -> Result<(), String> {
    let spoil = format!(
        "update prewarm.actionable_leads set total_calls = total_calls + 1 where org_id = '{org}' and lead_score > 40;
         delete from prewarm.actionable_leads where org_id = '{org}' and lead_score < 20;
         insert into prewarm.actionable_leads (id, org_id, lead_status, created_at, total_calls, duration_total,
                                               duration_calls, sentiment_total, lead_temperature, follow_up_urgency, urgency_rank)
           values (gen_random_uuid(), '{org}', 'new', now(), 1, 1, 1, 1, 'cold', 'high', 1);
         update prewarm.maintained set hot_leads = hot_leads + 1, pipeline_total = pipeline_total + 1 where org_id = '{org}';
         update prewarm.frequent_callers set calls = calls + 1 where org_id = '{org}';
         update prewarm.sums set inbound_calls = inbound_calls + 1 where org_id = '{org}' and level <> 1;
         delete from prewarm.sums where org_id = '{org}' and level = 1;
         insert into prewarm.sums select '{org}', 0, now(), 1, 1, 1, 1, 1, 1, 1, 1, 1, 1"
    );
    sqlx::raw_sql(AssertSqlSafe(spoil)).execute(&mut *connection).await.map_err(|error| error.to_string())?;
    match rebuild_anew(store, Clock::Pinned(Timestamp::from_micros(at)), org).await.unwrap() {
        Outcome::Unchanged(_) | Outcome::Gone => {}
        other => return Err(format!("what was spoiled is believed: {other:?}")),
    }
    let mended = kept(connection, org).await;
    let forget = format!(
        "delete from prewarm.actionable_leads where org_id = '{org}';
         delete from prewarm.maintained where org_id = '{org}';
         delete from prewarm.sums where org_id = '{org}'"
    );
    sqlx::raw_sql(AssertSqlSafe(forget)).execute(&mut *connection).await.map_err(|error| error.to_string())?;
    rebuild_anew(store, Clock::Pinned(Timestamp::from_micros(at)), org).await.unwrap();
    if kept(connection, org).await == mended { Ok(()) } else { Err("mended is not as made from nothing".into()) }
}

/// All stored rows of an org, without empty sums and bins: which of them are there depends on how they came about.
async fn kept(connection: &mut PgConnection, org: OrgId) -> Vec<String> {
    let rows = format!(
        "select t::text from prewarm.actionable_leads t where org_id = '{org}'
         union all select concat_ws(' ', pipeline_total::float8, hot_leads) from prewarm.maintained where org_id = '{org}'
         union all select t::text from prewarm.sums t
                    where org_id = '{org}' and level > 0 and (total_calls, appointments) <> (0, 0) order by 1"
    );
    sqlx::query_scalar(AssertSqlSafe(rows)).fetch_all(connection).await.unwrap()
}

pub(crate) async fn compare(store: &Store, world: &World, org: OrgId, at: Micros) -> Result<(), String> {
    let edition = edition(store, org).await;
    if !world.organizations.contains_key(&org) {
        return if edition.is_none() { Ok(()) } else { Err("an org that is gone has an edition".into()) };
    }
    // Histories create every org by an insert, so each has an edition.
    let edition = edition.ok_or("no edition")?;
    for model in Model::ALL {
        let (shown, defined) = (shown(&edition, model), defined(world, org, model, at));
        if shown != defined {
            return Err(format!("{model}\n shown   {shown}\n defined {defined}"));
        }
    }
    let deadline = edition.next_change_at.map(|at| at.as_micros());
    let needed = oracle::next_change(world, org, at);
    // A deadline that is too early costs a rebuild; one that is too late shows outdated data.
    match (deadline, needed) {
        (_, None) => Ok(()),
        (Some(deadline), Some(needed)) if at < deadline && deadline <= needed => Ok(()),
        _ => Err(format!("next change at {deadline:?}, needed at {needed:?}")),
    }
}

/// Checks that `prewarm.actionable_leads` equals `view_actionable_leads` at the instant.
async fn compare_with_view(connection: &mut PgConnection, view: &str, org: OrgId, at: Micros) -> Result<(), String> {
    let columns =
        "id, org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, last_contact_at,
                   created_at, total_calls, last_call_at, avg_call_duration, sentiment_trend, lead_temperature,
                   follow_up_urgency, lead_temp, last_call_summary";
    let at = format!("(timestamptz 'epoch' + {at} * interval '1 microsecond')");
    let view = view.replace("now()", &at);
    let differing = format!(
        "with defined as (select {columns} from ({view}) v where org_id = $1),
              held as (select {columns} from prewarm.actionable_leads where org_id = $1)
         select count(*) from ((table defined except all table held) union all (table held except all table defined)) d"
    );
    let rows: i64 = sqlx::query_scalar(AssertSqlSafe(differing))
        .bind(org.0)
        .fetch_one(&mut *connection)
        .await
        .map_err(|e| e.to_string())?;
    if rows > 0 {
        return Err(format!("{rows} rows of actionable_leads differ from the view's"));
    }
    let order = format!(
        "select array(select id from ({view}) v where org_id = $1 and lead_rank <= 50 order by lead_rank)
              = array(select id from prewarm.actionable_leads where org_id = $1
                       order by urgency_rank, lead_score desc nulls last, created_at desc nulls last, id limit 50)"
    );
    let same: bool =
        sqlx::query_scalar(AssertSqlSafe(order)).bind(org.0).fetch_one(connection).await.map_err(|e| e.to_string())?;
    if same { Ok(()) } else { Err("the view orders the leads in another way".into()) }
}

async fn view_definition(store: &Store) -> String {
    let text: String = sqlx::query_scalar("select pg_get_viewdef('public.view_actionable_leads')")
        .fetch_one(store.sessions())
        .await
        .unwrap();
    assert!(text.contains("now()"), "the view's clock is replaced by its text");
    text.trim_end_matches(';').to_owned()
}

/// Nothing is owed before the first change.
#[tokio::test]
async fn an_untouched_org_has_no_edition_and_owes_nothing() {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    let owed: i64 = sqlx::query_scalar("select count(*) from prewarm.owed").fetch_one(&mut connection).await.unwrap();
    assert_eq!(owed, 0);
    assert!(edition(&store, OrgId(uuid::Uuid::from_u128(1))).await.is_none());
    store.close().await;
    database.close().await.unwrap();
}
