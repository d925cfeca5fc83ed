-- A table with its partitions and heirs, which an application may write directly, of whatever kind.
create or replace function prewarm.heirs_of(relation oid) returns table (heir oid)
language plpgsql stable rows 2 set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
  with recursive found (heir) as (
    select heirs_of.relation
    union
    select i.inhrelid from found f join pg_inherits i on i.inhparent = f.heir
  )
  select f.heir from found f;
end $$;
