-- The triggers that the source needs. A statement that names a partition fires the triggers of that partition alone, so each
-- has its own. In observe mode nothing is stored that an erasure would have to find, and only the agents of standalone tables
-- are pre-warmed.
create or replace function prewarm.source_triggers()
returns table (source text, relation regclass, name text, fires text, calls text)
language plpgsql stable rows 30 set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
  with fired (source, name, fires, calls, erases) as (
    select s.source, 'prewarm_' || e.event,
           format('after %s on %%s referencing %s for each statement', e.event, e.rows),
           format('prewarm.mark_%s_%s', s.source, e.event), false
      from prewarm.sources() s
     cross join (values ('insert', 'new table as new_rows'),
                        ('update', 'old table as old_rows new table as new_rows'),
                        ('delete', 'old table as old_rows')) as e (event, rows)
    union all
    select s.source, 'prewarm_truncate', 'after truncate on %s for each statement',
           case
             when s.source in ('agents', 'phone_numbers') then 'prewarm.mark_agents_truncated'
             else 'prewarm.mark_truncated'
           end,
           false
      from prewarm.sources() s
    union all
    values ('contacts', 'prewarm_erase', 'before delete on %s for each row', 'prewarm.erase_contact', true),
           ('calls', 'prewarm_erase_truncated', 'after truncate on %s for each statement', 'prewarm.erase_truncated', true)
    union all
    select e.source, 'prewarm_erase', 'after delete on %s referencing old table as old_rows for each statement', e.calls, true
      from (values ('calls', 'prewarm.erase_calls'), ('organizations', 'prewarm.erase_orgs'),
                   ('agents', 'prewarm.erase_agents'), ('phone_numbers', 'prewarm.erase_numbers')) as e (source, calls)
  )
  select r.source, r.relation, f.name, f.fires, f.calls
    from prewarm.source_relations() r
    join fired f on f.source = r.source
   where (not f.erases or prewarm.takes_webhooks())
     and (r.source not in ('agents', 'phone_numbers') or prewarm.is_standalone())
     -- Postgres itself gives the partitions a trigger for each row.
     and (r.is_whole or f.fires not like '%for each row');
end $$;
