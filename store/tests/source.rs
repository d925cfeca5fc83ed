//! The triggers on the source tables.

use sqlx::{Connection as _, PgConnection};
use testkit::Database;

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

#[tokio::test]
async fn a_row_without_an_org_fails_no_writer_and_marks_nothing() {
    let database = Database::create().await.unwrap();
    let mut session = PgConnection::connect(&database.url()).await.unwrap();
    sqlx::raw_sql(WITHOUT_AN_ORG).execute(&mut session).await.unwrap();
    let marked = "select array_agg(distinct what || ' ' || org_id)::text || count(*) from prewarm.marks";
    let marked: String = sqlx::query_scalar(marked).fetch_one(&mut session).await.unwrap();
    assert_eq!(marked, r#"{"contacts 00000000-0000-0000-0000-000000000001"}2"#, "as it came, and as it went");
    database.close().await.unwrap();
}
