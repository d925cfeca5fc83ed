-- Removes the bodies of the events of calls: the org's, and parked ones, which are the org's for all we know.
create or replace function prewarm.erase_events(e prewarm.erasures, of_calls text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  gone bigint;
begin
  update prewarm.events
     set body = null, erased = case e.what when 'caller' then 'caller' else 'call' end
   where id in (
           select ev.id
             from unnest(of_calls) as call
            cross join lateral (
              select known.id from prewarm.events known
               where known.org_id = e.org_id and known.vapi_call_id = call and known.body is not null
              union all
              select known.id from prewarm.events known
               where known.org_id is null and known.vapi_call_id = call and known.body is not null
            ) ev
         );
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'events', gone);
end $$;
