-- Makes the trigger functions that owe the erasure of what was made of deleted rows. Where the source is only observed, none is
-- called.
create or replace procedure prewarm.make_erasers()
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  call prewarm.put_org_eraser(prewarm.expression_of('organizations', 'id'));
  call prewarm.put_contact_eraser(prewarm.expression_of('contacts', 'id'), prewarm.expression_of('contacts', 'org_id'),
                                  prewarm.expression_of('contacts', 'phone'));
  call prewarm.put_call_eraser(prewarm.expression_of('calls', 'org_id'), prewarm.expression_of('calls', 'vapi_call_id'));
end $$;
