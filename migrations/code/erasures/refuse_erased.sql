-- Refuses a message of a call or a caller that was erased after the transaction had looked for tombstones: it looks
-- again when it commits, and loses.
create or replace function prewarm.refuse_erased() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  number text := new.state #>> '{customer_number,value}';
  erased text;
begin
  -- An erasure itself writes what is left.
  if current_setting('prewarm.erasing', true) = 'on' or not exists (select from prewarm.tombstones) then
    return null;
  end if;
  erased := prewarm.erased_as(
    new.vapi_call_id, new.org_id, null, null,
    case when number ~ '^[+]?[0-9]+$' then ltrim(number, '+') else number end,
    to_timestamp((new.state ->> 'heard_at')::numeric / 1000000));
  if erased = 'call'
     or (erased = 'caller'
         and coalesce(number, new.state #>> '{customer_name,value}', new.state #>> '{summary,value}') is not null)
  then
    raise serialization_failure using message = 'a message of somebody who was erased meanwhile';
  end if;
  return null;
end $$;

call prewarm.put_trigger('prewarm.call_states', 'refuse_erased',
                         'after insert or update on %s deferrable initially deferred for each row', 'prewarm.refuse_erased',
                         'constraint trigger');
