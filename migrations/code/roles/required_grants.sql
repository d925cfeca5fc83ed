-- The privileges without which a duty, api or worker, cannot be done. Objects of the application's are its owner's to grant.
create or replace function prewarm.required_grants(duty text)
returns table (kind text, id oid, object text, privilege text, is_ours boolean)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return query
  select 'schema', n.oid::oid, 'schema prewarm', 'usage', true from pg_namespace n where n.nspname = 'prewarm'
  union all
  select case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::oid,
         case c.relkind when 'S' then 'sequence ' else '' end || c.oid::regclass, g.privilege, true
    from prewarm.table_grants() g
   cross join unnest(g.relations) as name
    join pg_class c on c.relname = name and c.relnamespace = 'prewarm'::regnamespace
   where g.duty = required_grants.duty
  union all
  -- Locking a row of it shows that the database accepts writes.
  select 'column', 'prewarm.settings'::regclass::oid, 'prewarm.settings', 'update (singleton)', true
  union all
  select 'routine', p.oid::oid, 'routine ' || p.oid::regprocedure, 'execute', true
    from pg_proc p
   where p.pronamespace = 'prewarm'::regnamespace
     and p.prorettype <> 'trigger'::regtype
     and (not p.prosecdef or prewarm.lends(p.proname, required_grants.duty))
  union all
  select distinct 'schema', n.oid::oid, 'schema ' || n.oid::regnamespace, 'usage', false
    from prewarm.sources() s
    join pg_class c on c.oid = to_regclass(s.named)
    join pg_namespace n on n.oid = c.relnamespace
  union all
  select distinct 'table', c.oid::oid, c.oid::regclass::text, 'select', prewarm.is_standalone()
    from prewarm.sources() s
    join pg_class c on c.oid = to_regclass(s.named);
end $$;
