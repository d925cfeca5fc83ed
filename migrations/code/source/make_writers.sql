-- Makes the functions that write what webhooks tell of callers and calls.
create or replace procedure prewarm.make_writers()
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  one record;
begin
  for one in
    select s.source, s.named, h.map #> array['writes', s.source] as writes,
           max(c.mapped) filter (where c.name = 'id') as id, max(c.mapped) filter (where c.name = 'org_id') as org,
           max(c.mapped) filter (where c.name = 'vapi_call_id') as vapi_id
      from prewarm.sources() s
      join prewarm.source_columns() c using (source)
     cross join prewarm.schema h
     where s.source in ('contacts', 'calls')
     group by s.source, s.named, h.map
  loop
    if one.source = 'contacts' then
      call prewarm.put_contact_writer(one.named, one.id, one.org, one.writes);
    else
      call prewarm.put_call_writer(one.named, one.vapi_id, one.org, one.writes);
    end if;
  end loop;
end $$;
