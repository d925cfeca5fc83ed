-- The six sources: the table of each as the map names it, and the condition of its rows. A source that the map leaves out has
-- no table, and neither have agents and numbers where the source is only observed: nothing is pre-warmed there.
create or replace function prewarm.sources() returns table (source text, named text, condition text)
language sql stable
begin atomic
  select s.source,
         case
           when s.source not in ('agents', 'phone_numbers') or prewarm.takes_webhooks()
           then a.map #>> array['tables', s.source, 'table']
         end,
         a.map #>> array['tables', s.source, 'where']
    from unnest(array['organizations', 'contacts', 'calls', 'appointments', 'agents', 'phone_numbers']) as s (source)
    left join prewarm.schema a on true;
end;
