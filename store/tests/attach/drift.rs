//! Whatever the owner of the tables does to them afterwards.

use store::attach;

use testkit::clinic::{Clinic, ids, run};

/// A change that an application makes to its tables, the findings, and how it takes back what attaching again does not mend.
struct Change {
    made: &'static str,
    found: &'static [&'static str],
    taken_back: Option<&'static str>,
}

const fn change(made: &'static str, found: &'static [&'static str]) -> Change {
    Change { made, found, taken_back: None }
}

impl Change {
    const fn until(self, taken_back: &'static str) -> Self {
        Self { taken_back: Some(taken_back), ..self }
    }
}

const ALL_OF_CALLS: &[&str] = &[
    "trigger:public.calls:prewarm_delete",
    "trigger:public.calls:prewarm_insert",
    "trigger:public.calls:prewarm_truncate",
    "trigger:public.calls:prewarm_update",
];

const CHANGES: [Change; 15] = [
    change("alter table public.calls rename column sentiment_summary to gist", &["column:calls:summary"])
        .until("alter table public.calls rename column gist to sentiment_summary"),
    change("alter table public.calls rename column phone_number to msisdn", &["column:calls:phone_number"])
        .until("alter table public.calls rename column msisdn to phone_number"),
    change("alter table public.contacts drop column last_contacted_at", &["column:contacts:last_contact_at"])
        .until("alter table public.contacts add column last_contacted_at timestamptz"),
    change("alter table public.contacts alter column lead_score type numeric", &[]),
    change(
        "alter table public.calls drop column duration_seconds, add column duration_seconds interval",
        &["column:calls:duration_seconds"],
    )
    .until("alter table public.calls drop column duration_seconds, add column duration_seconds int"),
    change(
        "create table public.calls_new (like public.calls including all);
         insert into public.calls_new select * from public.calls;
         alter table public.calls rename to calls_old; alter table public.calls_new rename to calls;
         alter table public.calls owner to OWNER",
        &[
            "table-replaced:public.calls",
            "trigger:public.calls:prewarm_delete",
            "trigger:public.calls:prewarm_insert",
            "trigger:public.calls:prewarm_truncate",
            "trigger:public.calls:prewarm_update",
        ],
    ),
    change("alter table public.contacts rename to people", &["table-missing:public.contacts"])
        .until("alter table public.people rename to contacts"),
    change("alter table public.calls disable trigger user; alter table public.calls enable trigger user", ALL_OF_CALLS),
    change("alter table public.calls disable trigger all", ALL_OF_CALLS),
    change("drop trigger prewarm_update on public.contacts", &["trigger:public.contacts:prewarm_update"]),
    change(
        "alter table public.contacts force row level security; alter role OWNER nobypassrls",
        &["row-security:public.contacts"],
    )
    .until("alter table public.contacts no force row level security; alter role OWNER bypassrls"),
    change("create publication everything for all tables", &[]).until("drop publication everything"),
    change(
        "create table public.calls_2020 () inherits (public.calls); alter table public.calls_2020 owner to OWNER",
        &[
            "trigger:public.calls_2020:prewarm_delete",
            "trigger:public.calls_2020:prewarm_insert",
            "trigger:public.calls_2020:prewarm_truncate",
            "trigger:public.calls_2020:prewarm_update",
        ],
    ),
    change("truncate public.calls cascade", &[]),
    change(
        "alter type public.appointment_status rename value 'pending' to 'requested'",
        &["column:appointments:is_live"],
    )
    .until("alter type public.appointment_status rename value 'requested' to 'pending'"),
];

/// Cases A1, A4, A7, A8, A10, A11 and A12 of the field.
#[tokio::test]
async fn whatever_the_application_does_no_write_fails_and_every_difference_is_told_and_mended() {
    let mut clinic = Clinic::create().await;
    clinic.attach().await;
    let store = clinic.store().await;
    for Change { made, found, taken_back } in CHANGES {
        let as_owner = |statements: &str| statements.replace("OWNER", &clinic.owner);
        let (made, taken_back) = (as_owner(made), taken_back.map(as_owner));
        run(&mut clinic.admin, "truncate prewarm.marks, prewarm.source_faults").await;
        run(&mut clinic.admin, &made).await;
        clinic.writes().await;
        run(
            &mut clinic.admin,
            "insert into prewarm.leases (org_id, starts, until, error)
             values ('00000000-0000-0000-0000-000000000001', 3, now() + interval '1 minute', 'a column is gone')
                 on conflict (org_id) do update set starts = excluded.starts, until = excluded.until",
        )
        .await;
        let looked = store.look_at_source().await.unwrap();
        let mut seen = ids(&looked);
        seen.sort_unstable();
        assert_eq!(seen, found, "{made}");
        for finding in &looked {
            assert!(!finding.seen.is_empty() && !finding.remedy.is_empty(), "{finding:?}");
        }
        match &taken_back {
            Some(taken_back) => run(&mut clinic.admin, taken_back).await,
            None => clinic.attach().await,
        }
        assert_eq!(ids(&store.look_at_source().await.unwrap()), [""; 0], "{made}");
        if !found.is_empty() {
            let whole = "select count(distinct org_id)::text from prewarm.marks where wide and what = 'source'";
            assert_ne!(clinic.texts(whole).await, ["0"], "{made}: nothing was marked once it was mended");
            let waiting = "select org_id::text from prewarm.leases where starts > 0 or until > now()";
            assert_eq!(clinic.texts(waiting).await, [""; 0], "{made}: an org waits though it was mended");
        }
        clinic.writes().await;
    }
    store.close().await;
    attach::detach(&clinic.url()).await.unwrap();
    clinic.close().await;
}

/// Rows that may have changed while no trigger of ours fired, though all is as the map has it again.
#[tokio::test]
async fn what_a_rewrite_may_have_changed_is_marked() {
    let mut clinic = Clinic::create().await;
    run(
        &mut clinic.admin,
        &format!(
            "drop table public.appointments;
             create table public.appointments (
               id uuid, org_id uuid, contact_id uuid, service_type text, scheduled_at timestamptz, status text,
               created_at timestamptz, deleted_at timestamptz
             ) partition by list (status);
             create table public.pending partition of public.appointments for values in ('pending');
             create table public.others partition of public.appointments default;
             alter table public.appointments owner to {0}; alter table public.pending owner to {0};
             alter table public.others owner to {0}",
            clinic.owner
        ),
    )
    .await;
    clinic.attach().await;
    let store = clinic.store().await;
    for change in [
        "alter table public.contacts drop column lead_score, add column lead_score int default 77",
        "alter table public.calls disable trigger all; alter table public.calls enable always trigger prewarm_insert;
         alter table public.calls enable always trigger prewarm_update; alter table public.calls enable always trigger prewarm_delete;
         alter table public.calls enable always trigger prewarm_truncate",
        "alter table public.appointments detach partition public.pending",
        "alter table public.appointments attach partition public.pending for values in ('pending')",
    ] {
        run(&mut clinic.admin, "truncate prewarm.marks").await;
        assert_eq!(ids(&store.look_at_source().await.unwrap()), [""; 0]);
        assert_eq!(clinic.texts("select what from prewarm.marks").await, [""; 0], "before {change}");
        run(&mut clinic.admin, change).await;
        assert_eq!(ids(&store.look_at_source().await.unwrap()), [""; 0], "{change}");
        let whole = "select distinct what from prewarm.marks where wide";
        assert_eq!(clinic.texts(whole).await, ["source"], "{change}");
    }
    store.close().await;
    clinic.close().await;
}

/// Case A1: a table that is published and has no key refuses every deletion.
#[tokio::test]
async fn every_table_of_ours_has_a_key() {
    let mut clinic = Clinic::create().await;
    clinic.attach().await;
    let without = "select c.relname::text from pg_class c
                    where c.relnamespace = 'prewarm'::regnamespace and c.relkind = 'r' and c.relpersistence = 'p'
                      and c.relreplident <> 'f'
                      and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)";
    assert_eq!(clinic.texts(without).await, [""; 0]);
    run(&mut clinic.admin, "create publication everything for all tables; delete from prewarm.marks").await;
    clinic.close().await;
}

/// Case A6.
#[tokio::test]
async fn rows_that_are_written_into_a_partition_are_noticed() {
    let mut clinic = Clinic::create().await;
    run(
        &mut clinic.admin,
        &format!(
            "alter table public.calls rename to calls_2026;
             create table public.calls (like public.calls_2026 including defaults) partition by range (created_at);
             alter table public.calls attach partition public.calls_2026 for values from ('2026-01-01') to ('2040-01-01');
             alter table public.calls owner to {}",
            clinic.owner
        ),
    )
    .await;
    clinic.attach().await;
    run(&mut clinic.admin, "truncate prewarm.marks").await;
    let insert = "(org_id, vapi_call_id, call_direction) values ('00000000-0000-0000-0000-000000000001', gen_random_uuid()::text, 'inbound')";
    for table in ["calls", "calls_2026"] {
        run(&mut clinic.admin, &format!("insert into public.{table} {insert}")).await;
    }
    assert_eq!(clinic.texts("select what from prewarm.marks").await, ["calls", "calls"]);
    run(
        &mut clinic.admin,
        "create table public.calls_2040 partition of public.calls for values from ('2040-01-01') to ('2050-01-01')",
    )
    .await;
    let found = attach::check(&clinic.url()).await.unwrap();
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found.iter().all(|finding| finding.seen.starts_with("public.calls_2040 has no trigger")), "{found:?}");
    clinic.close().await;
}
