-- Tables of the map on which our triggers would not serve: changes come by replication, which fires no trigger of a statement;
-- a foreign partition, for which Postgres refuses statements with our triggers; or a trigger of theirs has a name that we need.
create or replace function prewarm.trigger_obstacles()
returns table (finding text, source text, seen text, wanted text, remedy text)
language sql stable
begin atomic
  select concat_ws(':', f.kind, one.named), one.source, f.seen, f.wanted, f.remedy
    from (select s.source, s.named, to_regclass(s.named)::oid as oid from prewarm.sources() s where s.named is not null) one
   cross join lateral (
     values
       ('foreign-partition', exists (select from prewarm.heirs_of(one.oid) h join pg_class p on p.oid = h.heir where p.relkind = 'f'),
        one.named || ' has a foreign partition', 'partitions of this server',
        'detach it: Postgres would refuse statements that reach it and fire our triggers'),
       ('trigger-taken', exists (
          select
            from pg_trigger t
            join pg_proc p on p.oid = t.tgfoid and p.pronamespace <> 'prewarm'::regnamespace
           where t.tgrelid = one.oid
             and t.tgname in ('prewarm_insert', 'prewarm_update', 'prewarm_delete', 'prewarm_truncate', 'prewarm_erase',
                              'prewarm_erase_truncated')),
        one.named || ' has a trigger of a name that we need', 'no trigger named prewarm_…', 'rename that trigger'),
       ('replicated', exists (select from prewarm.heirs_of(one.oid) h join pg_subscription_rel r on r.srrelid = h.heir),
        'logical replication writes ' || one.named, 'a table that is written here', 'attach to the database that publishes it')
   ) as f (kind, applies, seen, wanted, remedy)
   where f.applies;
end;
