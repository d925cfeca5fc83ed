-- store::intake::record
-- Takes an event, unless its key was taken before. One row, or none for a duplicate.
-- $1 dedupe key, $2 type, $3 Vapi's id of the call, $4 of the assistant, $5 of the phone number, $6 body.
-- The org is found by our own maps alone: the assistant's, else the number's.
insert into prewarm.events (dedupe_key, type, vapi_call_id, assistant_id, phone_number_id, org_id, epoch, body)
select $1, $2, $3, $4, $5,
       coalesce(
         (select org_id from prewarm.source_agents where vapi_assistant_id = $4 order by id limit 1),
         (select org_id from prewarm.source_phone_numbers where vapi_phone_number_id = $5 order by id limit 1)
       ),
       epoch, $6
  from prewarm.epoch
    on conflict (dedupe_key) do nothing
returning org_id, epoch, xid::text::bigint as "xid!"
