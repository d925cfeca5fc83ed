//! The triggers on the source tables, whatever shape those are in.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::Database;

/// Two orgs; a contact and a call of the first.
const ROWS: &str = "
    insert into public.organizations (id, name)
    values ('00000000-0000-0000-0000-000000000001', 'Clinic'), ('00000000-0000-0000-0000-000000000002', 'Other');
    insert into public.contacts (id, org_id, phone)
    values ('00000000-0000-0000-0000-00000000000c', '00000000-0000-0000-0000-000000000001', '+15550100');
    insert into public.calls (id, org_id, contact_id, phone_number, created_at)
    values ('00000000-0000-0000-0000-0000000000ca', '00000000-0000-0000-0000-000000000001',
            '00000000-0000-0000-0000-00000000000c', '+15550100', '2026-01-01 00:00:05+00');
    truncate prewarm.marks";

/// An attached table may have rows without an org; the standalone tables may not.
const WITHOUT_AN_ORG: &str = "
    alter table public.contacts alter org_id drop not null;
    alter table public.calls alter org_id drop not null;
    alter table public.appointments alter org_id drop not null;
    insert into public.contacts (name) values ('nobody''s');
    insert into public.calls (phone_number) select '+1' from generate_series(1, 200);
    insert into public.appointments (service_type) values ('none');
    update public.contacts set name = 'still nobody''s';
    update public.calls set summary = 'none';
    update public.appointments set service_type = 'another';
    insert into public.organizations (id, name) values ('00000000-0000-0000-0000-000000000001', 'Clinic');
    truncate prewarm.marks;
    update public.contacts set org_id = '00000000-0000-0000-0000-000000000001';
    update public.contacts set org_id = null;
    delete from public.contacts;
    delete from public.calls;
    delete from public.appointments;";

/// A mark in words: its org's number, the table, how many it lists of each, and whether it is wide.
const MARKS: &str = "
    select concat_ws(' ', right(org_id::text, 1), what, case when wide then 'wide' end,
                     'contacts ' || cardinality(array_remove(contacts, null)),
                     'phones ' || cardinality(array_remove(phones, null)),
                     'booked ' || cardinality(array_remove(booked, null)),
                     'instants ' || cardinality(array_remove(instants, null)))
      from prewarm.marks
     order by 1";

struct Db {
    database: Database,
    session: PgConnection,
}

impl Db {
    async fn create() -> Self {
        let database = Database::create().await.unwrap();
        let session = PgConnection::connect(&database.url()).await.unwrap();
        let mut db = Self { database, session };
        db.run(ROWS).await;
        db
    }

    async fn run(&mut self, statements: &str) {
        let done = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut self.session).await;
        done.unwrap_or_else(|error| panic!("{error}: {statements}"));
    }

    async fn texts(&mut self, query: &'static str) -> Vec<String> {
        sqlx::query_scalar(query).fetch_all(&mut self.session).await.unwrap()
    }

    /// The marks since the last look, and the faults.
    async fn marks(&mut self) -> Vec<String> {
        let marks = self.texts(MARKS).await;
        self.run("truncate prewarm.marks").await;
        marks
    }

    async fn faults(&mut self) -> Vec<String> {
        let faults = self
            .texts("select concat(what, ': ', reason, case when every_org then ' (every org)' when erasure then ' (erasure)' end) from prewarm.source_faults order by 1")
            .await;
        self.run("truncate prewarm.source_faults").await;
        faults
    }

    async fn close(self) {
        self.database.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_row_without_an_org_fails_no_writer_and_marks_nothing() {
    let database = Database::create().await.unwrap();
    let mut session = PgConnection::connect(&database.url()).await.unwrap();
    sqlx::raw_sql(WITHOUT_AN_ORG).execute(&mut session).await.unwrap();
    let marked = "select array_agg(distinct what || ' ' || org_id)::text || count(*) from prewarm.marks";
    let marked: String = sqlx::query_scalar(marked).fetch_one(&mut session).await.unwrap();
    assert_eq!(marked, r#"{"contacts 00000000-0000-0000-0000-000000000001"}2"#, "once for each org it was in");
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_statement_lists_what_it_touched_and_a_large_one_marks_its_orgs_whole() {
    let mut db = Db::create().await;
    let org = "'00000000-0000-0000-0000-000000000001'";
    let other = "'00000000-0000-0000-0000-000000000002'";
    db.run("update public.calls set phone_number = '+15550101'").await;
    assert_eq!(db.marks().await, ["1 calls contacts 2 phones 2 instants 2"]);
    db.run("update public.contacts set name = 'Ada'").await;
    assert_eq!(db.marks().await, ["1 contacts contacts 2"]);
    db.run(&format!("update public.calls set org_id = {other}, contact_id = null")).await;
    assert_eq!(
        db.marks().await,
        ["1 calls wide contacts 1 phones 1 instants 1", "2 calls wide contacts 0 phones 1 instants 1"],
        "a row that moves marks both orgs"
    );
    for (rows, wide, all) in [(100, 0, 100), (101, 1, 102), (10_000, 1, 102)] {
        db.run(&format!(
            "insert into public.appointments (org_id, status) select {org}, 'pending' from generate_series(1, {rows})"
        ))
        .await;
        let marks = db.marks().await;
        let marked_wide = marks.iter().filter(|mark| *mark == "1 appointments wide").count();
        assert_eq!((marked_wide, marks.len()), (wide, all), "{rows}");
    }
    db.run("update public.appointments set status = 'confirmed'").await;
    assert!(db.marks().await.contains(&"1 appointments wide".to_owned()));
    db.run(&format!(
        "insert into public.organizations (id, name) values ({org}, 'Clinic'), ({other}, 'Another')
             on conflict (id) do update set name = excluded.name;
         merge into public.contacts c using (values ('+15550100'), ('+15550199')) v (phone) on c.phone = v.phone
           when matched then update set name = 'Grace'
           when not matched then insert (org_id, phone) values ({org}, v.phone)"
    ))
    .await;
    assert_eq!(
        db.marks().await,
        ["1 contacts contacts 1", "1 contacts contacts 2", "1 organizations", "2 organizations"]
    );
    let mut copy = db.session.copy_in_raw("copy public.contacts (org_id, phone) from stdin").await.unwrap();
    copy.send("00000000-0000-0000-0000-000000000001\t+1\n00000000-0000-0000-0000-000000000002\t+2\n".as_bytes())
        .await
        .unwrap();
    copy.finish().await.unwrap();
    assert_eq!(db.marks().await, ["1 contacts contacts 1", "2 contacts contacts 1"]);
    db.run("truncate public.calls").await;
    assert_eq!(db.marks().await, ["1 calls wide", "2 calls wide"]);
    assert_eq!(db.faults().await, [""; 0]);
    db.close().await;
}

/// Changes that an application makes to its tables without regard for our triggers, before it writes.
#[tokio::test]
async fn a_changed_table_fails_no_writer() {
    let changes = [
        (
            "alter table public.calls rename column phone_number to msisdn",
            r#"calls: column "phone_number" does not exist"#,
        ),
        (
            "alter table public.calls alter column contact_id type text",
            r#"calls: column "contacts" is of type uuid[] but expression is of type text[]"#,
        ),
        (
            "alter table public.calls alter column created_at type text",
            "calls: column \"instants\" is of type timestamp with time zone[] but expression is of type text[]",
        ),
    ];
    for (change, fault) in changes {
        let mut db = Db::create().await;
        db.run(
            "alter table public.calls drop constraint calls_contact_id_fkey; drop view public.view_actionable_leads",
        )
        .await;
        db.run(change).await;
        db.run(
            "insert into public.calls (org_id) values ('00000000-0000-0000-0000-000000000001');
             update public.calls set summary = 'seen';
             update public.calls set org_id = '00000000-0000-0000-0000-000000000002';
             delete from public.calls",
        )
        .await;
        assert_eq!(
            db.marks().await,
            ["1 calls wide", "1 calls wide", "1 calls wide", "2 calls wide", "2 calls wide"],
            "{change}"
        );
        assert_eq!(db.faults().await, [fault], "{change}");
        db.close().await;
    }
}

#[tokio::test]
async fn a_fault_that_hides_the_org_marks_every_org() {
    let faults = [
        (
            "alter table public.calls rename column org_id to tenant",
            "calls: column \"org_id\" does not exist (every org)",
        ),
        (
            "alter table prewarm.marks rename column wide to broad",
            "calls: column \"wide\" of relation \"marks\" does not exist (every org)",
        ),
    ];
    for (change, fault) in faults {
        let mut db = Db::create().await;
        db.run("drop view public.view_actionable_leads").await;
        db.run(change).await;
        db.run("update public.calls set summary = 'seen'").await;
        assert_eq!(
            db.texts("select what || ': ' || reason || ' (every org)' from prewarm.source_faults where every_org")
                .await,
            [fault]
        );
        db.run("do $$ begin alter table prewarm.marks rename column broad to wide; exception when others then null; end $$")
            .await;
        let told = "select what || ': ' || reason || ' (every org)' from prewarm.spread_faults()";
        assert_eq!(db.texts(told).await, [fault]);
        assert_eq!(db.marks().await, ["1 source wide", "2 source wide"]);
        assert_eq!(db.texts(told).await, [fault], "reported for a while");
        assert_eq!(db.marks().await, [""; 0], "and spread once");
        db.close().await;
    }
}

#[tokio::test]
async fn a_ledger_that_is_locked_or_gone_fails_no_writer() {
    let mut db = Db::create().await;
    let mut holder = PgConnection::connect(&db.database.url()).await.unwrap();
    for mode in ["access exclusive", "share"] {
        sqlx::raw_sql(AssertSqlSafe(format!("begin; lock table prewarm.marks in {mode} mode")))
            .execute(&mut holder)
            .await
            .unwrap();
        db.run("set lock_timeout = '20ms'; update public.calls set summary = 'locked'").await;
        sqlx::raw_sql("rollback").execute(&mut holder).await.unwrap();
        assert_eq!(db.faults().await, ["calls: SQLSTATE 55P03 (every org)"], "{mode}");
        assert_eq!(db.marks().await, [""; 0], "{mode}");
    }
    db.run("drop table prewarm.marks, prewarm.source_faults cascade; update public.calls set summary = 'lost'").await;
    assert_eq!(db.texts("select summary from public.calls").await, ["lost"]);
    db.close().await;
}

#[tokio::test]
async fn an_erasure_that_cannot_be_owed_fails_no_writer_and_is_reported() {
    let mut db = Db::create().await;
    db.run("alter table public.contacts rename column phone to msisdn; drop view public.view_actionable_leads").await;
    db.run("delete from public.contacts").await;
    assert_eq!(db.faults().await, ["contacts: record \"old\" has no field \"phone\" (erasure)"]);
    db.run("alter table public.calls rename column vapi_call_id to vapi_id").await;
    db.run("delete from public.calls; truncate public.calls; truncate public.organizations cascade").await;
    assert_eq!(db.faults().await, ["calls: column gone.vapi_call_id does not exist (erasure)"]);
    db.close().await;
}

/// A subtransaction that writes takes an id, and those of a long transaction slow down everybody's snapshots.
#[tokio::test]
async fn the_block_that_catches_faults_takes_no_transaction_id() {
    let mut db = Db::create().await;
    db.run(
        "do $$ begin
           for i in 1..100 loop
             update public.calls set summary = i;
             update public.contacts set name = i;
             insert into public.appointments (org_id) values ('00000000-0000-0000-0000-000000000001');
           end loop;
         end $$",
    )
    .await;
    assert_eq!(
        db.texts("select concat(count(*), ' by ', count(distinct xmin::text)) from prewarm.marks").await,
        ["300 by 1"]
    );
    db.close().await;
}
