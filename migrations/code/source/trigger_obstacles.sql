-- Tables of the map on which our triggers would not serve: changes come by replication, which fires no trigger of a statement;
-- a foreign partition, for which Postgres refuses statements with our triggers; or a trigger of theirs has a name that we need.
create or replace function prewarm.trigger_obstacles()
returns table (finding text, source text, seen text, wanted text, remedy text)
language sql stable
begin atomic
  select distinct 'replicated:' || s.named, s.source, 'logical replication writes ' || s.named, 'a table that is written here',
         'attach to the database that publishes it'
    from prewarm.sources() s
   cross join lateral prewarm.heirs_of(to_regclass(s.named)) h
    join pg_subscription_rel r on r.srrelid = h.heir
  union all
  select 'foreign-partition:' || c.oid::regclass, s.source, format('%s has a foreign partition, %s', s.named, c.oid::regclass),
         'partitions of this server', 'detach it: Postgres refuses statements that reach it and fire our triggers'
    from prewarm.sources() s
   cross join lateral prewarm.heirs_of(to_regclass(s.named)) h
    join pg_class c on c.oid = h.heir and c.relkind = 'f' and c.oid <> to_regclass(s.named)
  union all
  select concat_ws(':', 'trigger-taken', w.relation, w.name), w.source,
         format('%s has a trigger of its own named %s', w.relation, w.name), 'no trigger of this name', 'rename that trigger'
    from prewarm.source_triggers() w
    join pg_trigger t on t.tgrelid = w.relation and t.tgname = w.name
    join pg_proc p on p.oid = t.tgfoid and p.pronamespace <> 'prewarm'::regnamespace;
end;
