-- Drops our triggers on tables that are no source any more, such as one that was swapped by rename, and the trigger functions
-- that none calls.
create or replace procedure prewarm.drop_unused()
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  unused record;
begin
  for unused in
    select t.tgrelid::regclass as relation, t.tgname as name
      from pg_trigger t
      join pg_proc p on p.oid = t.tgfoid and p.pronamespace = 'prewarm'::regnamespace
      join pg_class c on c.oid = t.tgrelid and c.relnamespace <> 'prewarm'::regnamespace
     where t.tgparentid = 0
       and pg_has_role(c.relowner, 'usage')
       and not exists (select from prewarm.source_triggers() s where s.relation = t.tgrelid and s.name = t.tgname)
  loop
    execute format('drop trigger %I on %s', unused.name, unused.relation);
  end loop;
  for unused in
    select p.oid::regprocedure as routine
      from pg_proc p
     where p.pronamespace = 'prewarm'::regnamespace
       and p.proname like 'mark\_%'
       and p.prorettype = 'trigger'::regtype
       and p.proname not in ('mark_truncated', 'mark_agents_truncated')
       and not exists (select from pg_trigger t where t.tgfoid = p.oid)
  loop
    execute format('drop function %s', unused.routine);
  end loop;
end $$;
