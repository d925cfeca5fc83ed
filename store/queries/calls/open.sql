-- store::calls::open
-- Fixes the snapshot of a list: its instant, the org's time zone and newest version, and the backend that reads it. One row.
-- $1 org.
select statement_timestamp() as "as_of!: PgTime",
       o.timezone as "timezone?",
       v.epoch as "version_epoch?",
       v.n as "version_n?",
       pg_backend_pid() as "backend!"
  from (select $1::uuid as id) as org
  left join prewarm.source_organizations o on o.id = org.id
  left join prewarm.versions v on v.org_id = org.id
