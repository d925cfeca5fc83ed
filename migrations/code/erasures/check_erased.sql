-- Fails if a call or its caller was erased after the transaction had looked for tombstones.
create or replace procedure prewarm.check_erased(made prewarm.call_states)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  number constant text := made.state #>> '{customer_number,value}';
  erased text;
begin
  -- An erasure itself writes what is left.
  if current_setting('prewarm.erasing', true) = 'on' then
    return;
  end if;
  erased := prewarm.erased_as(
    made.vapi_call_id, made.org_id, null, null,
    case when number ~ '^[+]?[0-9]+$' then ltrim(number, '+') else number end,
    to_timestamp((made.state ->> 'heard_at')::numeric / 1000000));
  if erased = 'call'
     or (erased = 'caller'
         and coalesce(number, made.state #>> '{customer_name,value}', made.state #>> '{summary,value}') is not null)
  then
    raise serialization_failure using message = 'a message of somebody who was erased meanwhile';
  end if;
end $$;
