-- store::snapshot::open
-- The first statement of a rebuild: fixes the snapshot, its instant and the version that it builds upon; and brings what the
-- models are read from up to date, in the same round trip: how many leads that touched is null where all was made anew.
-- $1 org, $2 a pinned instant or null, $3 whether by what the marks say was touched. One row; none without an installation.
select coalesce($2, statement_timestamp()) as "as_of!: PgTime",
       i.id as "installation!",
       i.epoch as "epoch!",
       i.is_original as "is_original!",
       o.id is not null as "known!",
       o.timezone as "timezone?",
       v.epoch as "base_epoch?",
       v.n as "base_n?",
       v.as_of as "base_as_of?: PgTime",
       case when $3 and o.id is not null then prewarm.maintain($1, coalesce($2, statement_timestamp())) end as "touched?"
  from prewarm.present_installation i
  left join prewarm.source_organizations o on o.id = $1
  left join prewarm.versions v on v.org_id = $1
