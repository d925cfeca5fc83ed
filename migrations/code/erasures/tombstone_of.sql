-- The keyed hash that stands for a name.
create or replace function prewarm.tombstone_of(name text) returns bytea
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return (select sha256(k.key || sha256(k.key || convert_to(name, 'UTF8'))) from prewarm.erasure_key k);
end $$;
