//! Source values that panels cannot show unchanged: very long texts, infinite instants and numbers, informal zone names.
//! Incremental rebuilds, full rebuilds and the oracle agree on them.

use materialize::{Outcome, rebuild, rebuild_anew};
use readmodel::{
    ids::OrgId,
    model::Model,
    moment::Moment,
    time::{Clock, Timestamp},
};
use store::{Store, calls::Filter};
use testkit::{
    Database, oracle,
    sqlx::{self, AssertSqlSafe, Connection, PgConnection},
};
use uuid::Uuid;

use crate::harness::{defined, edition, open, shown, world};

const ORG: OrgId = OrgId(Uuid::from_u128(1));
const CONTACT: &str = "00000000-0000-0000-0000-0000000000c1";

struct Clinic {
    database: Database,
    store: Store,
    session: PgConnection,
    now: Timestamp,
}

impl Clinic {
    async fn open(timezone: &str) -> Self {
        let database = Database::create().await.unwrap();
        let store = open(&database, None);
        let mut session = PgConnection::connect(&database.url()).await.unwrap();
        let found = format!(
            "insert into public.organizations (id, name, timezone) values ('{ORG}', 'Clinic', '{timezone}');
             insert into public.contacts (id, org_id, name, phone, lead_status, lead_score, last_contact_at, created_at)
               values ('{CONTACT}', '{ORG}', 'Ada', '+1', 'new', 90, '2026-03-10 11:00Z', '2026-03-01Z');
             insert into public.calls (org_id, contact_id, duration_seconds, summary, created_at)
               values ('{ORG}', '{CONTACT}', 30, 'a call', '2026-03-10 10:00Z');
             insert into public.appointments (org_id, contact_id, status, created_at)
               values ('{ORG}', '{CONTACT}', 'pending', '2026-03-10 10:30Z')"
        );
        sqlx::raw_sql(AssertSqlSafe(found)).execute(&mut session).await.unwrap();
        let mut clinic = Self { database, store, session, now: Timestamp::parse("2026-03-10T12:00:00Z").unwrap() };
        clinic.compare().await;
        clinic
    }

    /// Changes rows and compares the result with the oracle.
    async fn change(&mut self, statement: &str) -> Outcome {
        sqlx::raw_sql(AssertSqlSafe(statement.replace("$org", &ORG.to_string()).replace("$contact", CONTACT)))
            .execute(&mut self.session)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
        self.compare().await
    }

    async fn compare(&mut self) -> Outcome {
        let clock = Clock::Pinned(self.now);
        let outcome = rebuild(&self.store, clock, ORG).await.unwrap();
        let (kept, world) = (edition(&self.store, ORG).await.unwrap(), world(&mut self.session, &[ORG]).await);
        for model in Model::ALL {
            let defined = defined(&world, ORG, model, self.now.as_micros());
            assert!(shown(&kept, model) == defined, "{model}\n{:.3000}\n{defined:.3000}", shown(&kept, model));
        }
        let anew = rebuild_anew(&self.store, clock, ORG).await.unwrap();
        assert!(matches!(anew, Outcome::Unchanged(_)), "{anew:?}");
        assert_eq!(edition(&self.store, ORG).await.unwrap().next_change_at, kept.next_change_at);
        let list = self.store.calls(ORG, Filter::first_page(), ()).await.unwrap();
        assert!(serde_json::to_vec(&list.calls).unwrap() == oracle::calls(&world, ORG, None), "the list of calls");
        outcome
    }

    async fn json(&self, model: Model) -> serde_json::Value {
        serde_json::from_str(&shown(&edition(&self.store, ORG).await.unwrap(), model)).unwrap()
    }

    async fn number(&mut self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&mut self.session).await.unwrap()
    }

    async fn close(self) {
        self.store.close().await;
        self.database.close().await.unwrap();
    }
}

#[tokio::test]
async fn instants_at_infinity_count_as_null() {
    let mut clinic = Clinic::open("UTC").await;
    for infinity in ["infinity", "-infinity"] {
        let changes = [
            "insert into public.calls (org_id, contact_id, summary, duration_seconds, sentiment_score, created_at)
               values ('$org', '$contact', 'never', 20, 0.5, '$at')",
            "insert into public.calls (org_id, contact_id, created_at, started_at, ended_at)
               values ('$org', '$contact', '2026-03-10 09:00Z', '$at', '$at')",
            "insert into public.appointments (org_id, contact_id, status, scheduled_at, created_at)
               values ('$org', '$contact', 'confirmed', '$at', '$at')",
            "insert into public.contacts (org_id, name, lead_status, lead_score, last_contact_at, created_at)
               values ('$org', 'Never', 'new', 95, '$at', '$at'), ('$org', 'Once', 'new', 95, '$at', '2026-01-01Z')",
            "update public.contacts set last_contact_at = '$at' where id = '$contact'",
            "update public.calls set created_at = '$at' where summary = 'a call'",
            "update public.appointments set created_at = '$at'",
            "update public.calls set created_at = '2026-03-10 10:00Z' where summary = 'a call'",
            "delete from public.calls where summary = 'never'",
            "update public.contacts set last_contact_at = '2026-03-10 11:00Z' where id = '$contact'",
        ];
        for change in changes {
            clinic.change(&change.replace("$at", infinity)).await;
        }
    }
    // More calls without an instant than a page shows. All calls with one come first.
    clinic
        .change(
            "insert into public.calls (org_id, created_at)
               select '$org', 'infinity' from generate_series(1, 30);
             insert into public.calls (org_id, created_at)
               select '$org', '-infinity' from generate_series(1, 30)",
        )
        .await;
    let list = clinic.json(Model::Calls).await;
    assert_eq!(list["calls"][0]["call_date"], "2026-03-10T10:00:00.000000Z");
    assert_eq!(list["calls"][19]["call_date"], serde_json::Value::Null);
    assert_eq!(list["pagination"]["total"], 63);
    let dated = Filter { from: Moment::parse("2026-01-01"), ..Filter::first_page() };
    let dated = serde_json::to_value(clinic.store.calls(ORG, dated, ()).await.unwrap().calls).unwrap();
    assert_eq!(dated["pagination"]["total"], 3, "no instant is in no range of dates");
    clinic.close().await;
}

/// Postgres has years beyond RFC 3339 and beyond the range of date arithmetic.
#[tokio::test]
async fn instants_beyond_the_calendar_break_no_panel() {
    let mut clinic = Clinic::open("UTC").await;
    for at in ["4714-11-24 00:00:00+00 BC", "294276-12-31 23:59:59.999999+00", "9999-12-31 23:59:59Z"] {
        let changes = [
            "insert into public.calls (org_id, contact_id, created_at, started_at) values ('$org', '$contact', '$at', '$at')",
            "insert into public.appointments (org_id, contact_id, status, scheduled_at, created_at)
               values ('$org', '$contact', 'confirmed', '$at', '$at')",
            "update public.contacts set last_contact_at = '$at', created_at = '$at'",
        ];
        for change in changes {
            let change = change.replace("$org", &ORG.to_string()).replace("$contact", CONTACT).replace("$at", at);
            sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut clinic.session).await.unwrap();
            rebuild(&clinic.store, Clock::Pinned(clinic.now), ORG).await.unwrap();
            let anew = rebuild_anew(&clinic.store, Clock::Pinned(clinic.now), ORG).await.unwrap();
            assert!(matches!(anew, Outcome::Unchanged(_)), "{at}: {anew:?}");
        }
    }
    assert_eq!(clinic.json(Model::Pulse).await["total_calls"], 4);
    clinic.close().await;
}

#[tokio::test]
async fn numbers_that_json_cannot_hold_count_as_null() {
    let mut clinic = Clinic::open("UTC").await;
    let numbers = ["NaN", "Infinity", "-Infinity", "1e100000", "-9.9e131071", "9e299", "0.00000000000000000001"];
    for number in numbers {
        clinic
            .change(&format!(
                "insert into public.contacts (org_id, lead_status, estimated_value) values ('$org', 'new', '{number}');
                 insert into public.calls (org_id, sentiment_score, created_at) values ('$org', '{number}', '2026-03-10 11:00Z')"
            ))
            .await;
    }
    // The sum exceeds the range of numeric.
    clinic
        .change(
            "insert into public.contacts (org_id, lead_status, estimated_value)
               select '$org', 'new', '9.9e131071' from generate_series(1, 12)",
        )
        .await;
    clinic.change("update public.contacts set estimated_value = 100").await;
    assert_eq!(clinic.json(Model::Pulse).await["pipeline_value"], 2000);
    clinic.close().await;
}

#[tokio::test]
async fn long_texts_are_cut_in_the_views() {
    let mut clinic = Clinic::open("UTC").await;
    clinic.change("update public.calls set summary = repeat('é', 8500000)").await;
    clinic
        .change(
            "update public.contacts
                set name = repeat('🔥', 600), email = repeat('e', 1000000), phone = repeat('1', 2000),
                    service_interests = array[repeat('i', 513), null, 'short', repeat('é', 700000)]",
        )
        .await;
    clinic
        .change(
            "update public.calls set status = repeat('s', 600), sentiment_label = repeat('l', 600),
                    ended_reason = repeat('r', 600000), phone_number = repeat('1', 2000)",
        )
        .await;
    clinic.change("update public.appointments set service_type = repeat('t', 600000)").await;
    clinic.change("insert into public.calls (org_id, summary) select '$org', repeat('ab', 350000) from generate_series(1, 50)").await;
    let leads = clinic.json(Model::Leads).await;
    let length = |value: &serde_json::Value| value.as_str().unwrap().chars().count();
    let lead = &leads["leads"][0];
    assert_eq!((length(&lead["last_call_summary"]), length(&lead["contact_name"])), (4096, 512));
    assert_eq!((length(&lead["service_interests"][0]), length(&lead["service_interests"][3])), (512, 512));
    let kept = "select max(octet_length(l::text))::bigint from prewarm.actionable_leads l";
    assert!(clinic.number(kept).await < 50_000);
    let read = "select max(octet_length(c::text))::bigint from prewarm.source_calls c";
    assert!(clinic.number(read).await < 50_000);
    let defined = "select max(octet_length(v::text))::bigint from public.view_actionable_leads v";
    assert!(clinic.number(defined).await < 50_000);
    clinic.close().await;
}

#[tokio::test]
async fn an_orgs_day_follows_iana_and_windows_zone_names() {
    // Noon in UTC. The day started at 04:00 UTC in New York and at 07:00 in Los Angeles.
    let mut clinic = Clinic::open("Eastern Standard Time").await;
    clinic
        .change(
            "insert into public.calls (org_id, created_at) values ('$org', '2026-03-10 03:59Z'), ('$org', '2026-03-10 04:00Z'),
                    ('$org', '2026-03-10 06:59Z'), ('$org', '2026-03-10 07:00Z')",
        )
        .await;
    assert_eq!(clinic.json(Model::Pulse).await["calls_today"], 4);
    let zones = [
        (" america/los_angeles ", 2, None),
        ("W. Europe Standard Time", 5, None),
        ("GMT+2", 5, Some("GMT+2")),
        ("FOO-25:00", 5, Some("FOO-25:00")),
        ("(UTC-08:00) Pacific Time (US & Canada)", 5, Some("(UTC-08:00) Pacific Time (US & Canada)")),
        ("   ", 5, None),
    ];
    for (zone, calls_today, told) in zones {
        let set = format!("update public.organizations set timezone = '{zone}'");
        // The oracle does not know every Windows name, so the comparison leaves those out.
        let (Outcome::Changed(published) | Outcome::Unchanged(published)) = clinic.change(&set).await else {
            panic!("no version")
        };
        assert_eq!(clinic.json(Model::Pulse).await["calls_today"], calls_today, "{zone}");
        assert_eq!(published.unknown_zone.as_deref(), told, "{zone}");
    }
    clinic.close().await;
}

/// The clocks in New York changed on 8 March, so a week before 11 March the local time was an hour earlier.
#[tokio::test]
async fn urgency_does_not_depend_on_the_sessions_time_zone() {
    let database = Database::create().await.unwrap();
    let mut session = PgConnection::connect(&database.url()).await.unwrap();
    sqlx::raw_sql(
        "insert into public.organizations (id, name) values ('00000000-0000-0000-0000-000000000001', 'Clinic');
         insert into public.contacts (org_id, name, lead_status, last_contact_at)
           values ('00000000-0000-0000-0000-000000000001', 'week', 'new', '2026-03-04 12:00Z'),
                  ('00000000-0000-0000-0000-000000000001', 'day', 'new', '2026-03-10 12:00Z')",
    )
    .execute(&mut session)
    .await
    .unwrap();
    let view: String = sqlx::query_scalar("select pg_get_viewdef('public.view_actionable_leads')")
        .fetch_one(&mut session)
        .await
        .unwrap();
    let at = "timestamptz '2026-03-11 11:30Z'";
    let view = view.trim_end_matches(';').replace("now()", at);
    let defined = format!(
        "select string_agg(contact_name || ' ' || follow_up_urgency, ', ' order by contact_name) from ({view}) v"
    );
    let kept = format!(
        "select string_agg(contact_name || ' ' || follow_up_urgency || ' ' || extract(epoch from urgency_until), ', '
                           order by contact_name) from prewarm.leads_of('00000000-0000-0000-0000-000000000001', {at}, null)"
    );
    for zone in ["UTC", "America/New_York", "Pacific/Apia"] {
        sqlx::raw_sql(AssertSqlSafe(format!("set timezone = '{zone}'"))).execute(&mut session).await.unwrap();
        let one = async |query: &str, session: &mut PgConnection| -> String {
            sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(session).await.unwrap()
        };
        assert_eq!(one(&defined, &mut session).await, "day high, week medium", "{zone}");
        let until = "day high 1773230400.000000, week medium 1773230400.000000";
        assert_eq!(one(&kept, &mut session).await, until, "{zone}");
    }
    database.close().await.unwrap();
}
