-- store::versions::newest
-- The database's time, and the newest versions of many orgs; those without one are left out.
-- $1 orgs. At least one row: the time alone.
select statement_timestamp() as "now!: PgTime",
       v.org_id as "org_id?",
       v.epoch as "epoch?",
       v.n as "n?"
  from (select 1) one
  left join prewarm.versions v on v.org_id = any($1)
