-- Locks all tables of the source against writers, or fails at once: to wait for one while others are locked would make their
-- writers wait for as long.
create or replace procedure prewarm.lock_tables()
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  tables constant text := (select string_agg(r.relation::text, ', ' order by r.relation) from prewarm.source_relations() r);
begin
  if exists (select from prewarm.trigger_findings()) and tables is not null then
    execute format('lock table %s in share row exclusive mode nowait', tables);
  end if;
end $$;
