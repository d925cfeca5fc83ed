-- store::versions::head
-- The newest version of an org, whether its blobs are there in a format, and whether the org exists. One row.
-- $1 org, $2 format.
select exists (select from prewarm.source_organizations where id = $1) as "known!",
       v.epoch as "epoch?",
       v.n as "n?",
       coalesce($2 between v.oldest and v.format, false) as "readable!"
  from (select 1) one
  left join prewarm.versions v on v.org_id = $1
