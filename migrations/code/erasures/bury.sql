-- Makes tombstones of names, in the order of the hashes, so that two that bury the same never wait in a circle.
create or replace function prewarm.bury(names text[], kind text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.tombstones as held (hash, kind)
  select distinct prewarm.tombstone_of(name), bury.kind
    from unnest(names) as name
   where name is not null
   order by 1
      on conflict (hash) do update
     set made_at = excluded.made_at,
         kind = least(held.kind, excluded.kind);
end $$;
