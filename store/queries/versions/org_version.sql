-- store::versions::org_version
-- The database's time, an org's newest version in the present epoch, whether it has this format or a later one, whether
-- the org exists, and the installation; null if the database is a copy. No row without an installation.
-- $1 org, $2 format.
select statement_timestamp() as "now!: PgTime",
       case when i.is_original then i.id end as "installation?",
       exists (select from prewarm.source_organizations where id = $1) as "known!",
       i.epoch as "epoch!",
       v.n as "n?",
       v.as_of as "as_of?: PgTime",
       coalesce(v.format >= $2, false) as "readable!"
  from prewarm.present_installation i
  left join prewarm.versions v on v.org_id = $1
