//! `attach` and `detach` beside a database that somebody else owns.

mod drift;
mod survey;

use std::time::Duration;

use store::{
    Schema,
    attach::{self, Attached},
};

use testkit::clinic::{Clinic, WRITES, clinic_map, ids, run};

#[tokio::test]
async fn attach_and_detach_leave_the_schema_as_it_was() {
    let mut clinic = Clinic::create().await;
    let before = clinic.database.dump();
    clinic.attach().await;
    let store = clinic.store().await;
    assert_eq!(store.schema().await.unwrap(), Schema::Current);
    assert!(store.observes().await.unwrap());
    assert_eq!(ids(&attach::check(&clinic.url()).await.unwrap()), [""; 0]);
    let ours = clinic
        .texts("select distinct n.nspname::text from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace
                 where t.tgrelid = 'public.calls'::regclass and not t.tgisinternal")
        .await;
    assert_eq!(ours, ["prewarm"]);
    run(&mut clinic.session().await, WRITES).await;
    assert_eq!(clinic.texts("select what from prewarm.source_faults").await, [""; 0]);

    // A second time changes nothing, and what it may have missed is rebuilt.
    run(&mut clinic.admin, "truncate prewarm.marks").await;
    clinic.attach().await;
    let marked = "select org_id::text from prewarm.marks where wide and what = 'source' order by 1";
    assert_eq!(clinic.texts(marked).await.len(), 3);

    store.close().await;
    attach::detach(&clinic.url()).await.unwrap();
    assert_eq!(clinic.database.dump(), before);
    run(&mut clinic.session().await, WRITES).await;
    clinic.close().await;
}

/// Case A2.
#[tokio::test]
async fn api_roles_can_use_nothing_of_ours() {
    let mut clinic = Clinic::create().await;
    clinic.attach().await;
    for role in ["anon", "authenticated"] {
        let open = format!(
            "select c.oid::regclass::text from pg_class c
              where c.relnamespace = 'prewarm'::regnamespace and c.relkind in ('r', 'v', 'm')
                and has_table_privilege('{role}', c.oid, 'select, insert, update, delete, truncate')
             union all
             select p.oid::regprocedure::text from pg_proc p
              where p.pronamespace = 'prewarm'::regnamespace and has_function_privilege('{role}', p.oid, 'execute')
             union all
             select 'the schema' where has_schema_privilege('{role}', 'prewarm', 'usage')"
        );
        assert_eq!(clinic.texts(&open).await, [""; 0], "{role}");
    }
    clinic.close().await;
}

#[tokio::test]
async fn detach_destroys_nothing_of_others_and_says_what_is_in_the_way() {
    let mut clinic = Clinic::create().await;
    let error = attach::check(&clinic.url()).await.unwrap_err();
    assert_eq!(error.to_string(), "nothing is attached to this database");
    clinic.attach().await;
    run(&mut clinic.admin, "create view public.my_report as select count(*) from prewarm.actionable_leads").await;
    let error = attach::detach(&clinic.url()).await.unwrap_err();
    assert!(error.to_string().contains("would be dropped with it: public.my_report"), "{error}");
    assert_eq!(ids(&attach::check(&clinic.url()).await.unwrap()), [""; 0]);
    run(&mut clinic.admin, "drop view public.my_report").await;
    attach::detach(&clinic.url()).await.unwrap();
    let error = attach::detach(&clinic.url()).await.unwrap_err();
    assert_eq!(error.to_string(), "nothing is attached to this database");
    clinic.close().await;
}

#[tokio::test]
async fn the_owner_is_told_what_to_run_where_the_role_owns_nothing() {
    let mut clinic = Clinic::create().await;
    let role = format!("{}_guest", clinic.database.name());
    run(
        &mut clinic.admin,
        &format!(
            "create role {role} login bypassrls password '{role}'; grant create on database {} to {role};
             grant select on all tables in schema public to {role}",
            clinic.database.name()
        ),
    )
    .await;
    let url = clinic.database.url_as(&role);
    let Attached::WithoutTriggers(statements) = attach::attach(&url, &clinic_map()).await.unwrap() else {
        panic!("a role that owns nothing has put on triggers")
    };
    run(&mut clinic.session().await, &statements.join("; ")).await;
    assert!(matches!(attach::attach(&url, &clinic_map()).await.unwrap(), Attached::Whole));
    assert_eq!(ids(&attach::check(&url).await.unwrap()), [""; 0]);
    run(&mut clinic.session().await, WRITES).await;
    assert_ne!(clinic.texts("select what from prewarm.marks where what = 'calls'").await, [""; 0]);
    run(
        &mut clinic.admin,
        &format!("reassign owned by {role} to current_user; drop owned by {role}; drop role {role}"),
    )
    .await;
    clinic.close().await;
}

/// A writer that holds its lock makes `attach` wait, and others wait behind `attach` only for a moment.
#[tokio::test]
async fn attach_gives_way_to_writers() {
    let clinic = Clinic::create().await;
    let mut holder = clinic.session().await;
    run(&mut holder, "begin; update public.calls set status = 'held'").await;
    let url = clinic.url();
    let attaching = tokio::spawn(async move { attach::attach(&url, &clinic_map()).await });
    let mut writer = clinic.session().await;
    let (began, mut longest) = (std::time::Instant::now(), Duration::ZERO);
    while began.elapsed() < Duration::from_secs(9) {
        let one = std::time::Instant::now();
        run(&mut writer, "insert into public.calls (org_id, call_direction) values ('00000000-0000-0000-0000-000000000002', 'inbound')").await;
        longest = longest.max(one.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!attaching.is_finished());
    run(&mut holder, "commit").await;
    assert!(matches!(attaching.await.unwrap().unwrap(), Attached::Whole));
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    clinic.close().await;
}

/// `attach --sql` prints it for somebody else to run.
#[tokio::test]
async fn the_printed_script_attaches_as_the_command_does() {
    let clinic = Clinic::create().await;
    let before = clinic.database.dump();
    let script = attach::script(&clinic.url(), &clinic_map()).await.unwrap();
    assert_eq!(clinic.database.dump(), before);
    run(&mut clinic.session().await, &script).await;
    let scripted = clinic.database.dump();
    assert_eq!(ids(&attach::check(&clinic.url()).await.unwrap()), [""; 0]);
    run(&mut clinic.session().await, WRITES).await;
    attach::detach(&clinic.url()).await.unwrap();
    assert_eq!(clinic.database.dump(), before);
    clinic.attach().await;
    assert_eq!(clinic.database.dump(), scripted);
    clinic.close().await;
}
