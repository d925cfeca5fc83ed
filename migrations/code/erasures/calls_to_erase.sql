-- The next calls of an erasure, n at most. Where only an org is named they are those of which something is known.
create or replace function prewarm.calls_to_erase(e prewarm.erasures, n int) returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return case e.what
           when 'org' then array(select s.vapi_call_id from prewarm.call_states s where s.org_id = e.org_id limit n)
           when 'lost calls' then array(
             select s.vapi_call_id
               from prewarm.call_states s
              where s.org_id = e.org_id
                and not exists (select from prewarm.source_calls c where c.vapi_call_id = s.vapi_call_id)
              limit n
           )
           else e.calls[1:n]
         end;
end $$;
