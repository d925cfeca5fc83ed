-- store::snapshot::open
-- The first statement of a rebuild: fixes the snapshot, its instant and the version that it builds upon; and brings what the
-- models are read from up to date, in the same round trip: what that touched is null where all was made anew, and told in
-- full where nothing else has changed. A shared lock, which nobody waits for, shows which org the session
-- rebuilds: see prewarm.evict_former_holder.
-- $1 org, $2 a pinned instant or null, $3 whether by what the marks say was touched. One row; none without an installation.
select s.as_of as "as_of!: PgTime",
       s.installation as "installation!",
       s.epoch as "epoch!",
       s.is_original as "is_original!",
       s.known as "known!",
       s.timezone as "timezone?",
       s.base_epoch as "base_epoch?",
       s.base_n as "base_n?",
       s.base_as_of as "base_as_of?: PgTime",
       (s.touched).leads as "leads?",
       coalesce((s.touched).is_listed, false) as "is_listed!",
       case when (s.touched).is_listed then (s.touched).contacts end as "contacts?",
       case when (s.touched).is_listed then (s.touched).instants end as "instants?: Vec<PgTime>",
       coalesce((s.touched).appointments, true) as "appointments!",
       (s.touched).first as "first?",
       coalesce((s.touched).is_hot, false) as "is_hot!"
  from (
    select coalesce($2, statement_timestamp()) as as_of,
           i.id as installation, i.epoch, i.is_original,
           o.id is not null as known, o.timezone,
           v.epoch as base_epoch, v.n as base_n, v.as_of as base_as_of,
           pg_advisory_xact_lock_shared(hashtext('prewarm.rebuild'), uuid_hash($1)) as shown,
           case when $3 and o.id is not null then prewarm.maintain($1, coalesce($2, statement_timestamp())) end as touched
      from prewarm.present_installation i
      left join prewarm.source_organizations o on o.id = $1
      left join prewarm.versions v on v.org_id = $1
    -- Maintained once, however much of the answer is asked for.
    offset 0
  ) s
