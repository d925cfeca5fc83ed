-- Adds to what an erasure has removed from a place.
create or replace function prewarm.count_removed(erasure bigint, place text, rows bigint) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update prewarm.erasures e
     set removed = e.removed || jsonb_build_object(place, coalesce((e.removed ->> place)::bigint, 0) + rows)
   where e.id = erasure
     and rows > 0;
end $$;
