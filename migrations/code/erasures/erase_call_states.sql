-- Removes what is known of calls or, of an erased caller, what names them.
create or replace function prewarm.erase_call_states(e prewarm.erasures, of_calls text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  gone bigint;
begin
  if e.what = 'caller' then
    update prewarm.call_states s
       set state = s.state - '{customer_number,customer_name,summary}'::text[]
     where s.vapi_call_id = any (of_calls)
       and s.org_id = e.org_id
       and s.state ?| '{customer_number,customer_name,summary}'::text[];
  else
    delete from prewarm.call_states s where s.vapi_call_id = any (of_calls) and s.org_id = e.org_id;
  end if;
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'call_states', gone);
end $$;
