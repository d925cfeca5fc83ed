-- Begins an installation: the first one with epoch 1, another one with a higher epoch, taken from the clock: two copies
-- of one dump must not count on in the same one.
create or replace function prewarm.begin_installation() returns void
language sql set search_path = pg_catalog, pg_temp as $$
  insert into prewarm.installation as held (epoch, database, timeline, system_identifier)
  select case
           when before.epoch is null then 1
           else greatest(extract(epoch from clock_timestamp())::bigint, 1 + before.epoch)
         end,
         prewarm.database_oid(), prewarm.timeline(), prewarm.system_identifier()
    from (select greatest((select max(i.epoch) from prewarm.installation i),
                          (select max(v.epoch) from prewarm.versions v)) as epoch) as before
      on conflict (singleton) do update
     set (id, epoch, xid, database, timeline, system_identifier)
       = (excluded.id, excluded.epoch, excluded.xid, excluded.database, excluded.timeline, excluded.system_identifier)
$$;
