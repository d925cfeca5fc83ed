-- store::versions::head
-- The newest version of an org, and whether the org exists. One row.
-- $1 org.
select exists (select from prewarm.source_organizations where id = $1) as "known!",
       v.epoch as "epoch?",
       v.n as "n?",
       v.format as "format?",
       v.as_of as "as_of?: PgTime",
       v.next_change_at as "next_change_at?: PgTime"
  from (select 1) one
  left join prewarm.versions v on v.org_id = $1
