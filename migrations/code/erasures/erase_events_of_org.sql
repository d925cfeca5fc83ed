-- Removes the bodies of an org's events, n at most; returns how many.
create or replace function prewarm.erase_events_of_org(e prewarm.erasures, n int) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  gone bigint;
begin
  update prewarm.events
     set body = null, erased = 'call'
   where id in (select ev.id from prewarm.events ev where ev.org_id = e.org_id and ev.body is not null limit n);
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'events', gone);
  return gone;
end $$;
