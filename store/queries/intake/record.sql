-- store::intake::record
-- Takes events, unless their keys were taken before. One row for each that is new, none for a duplicate.
-- Side by side: $1 dedupe keys, $2 types, $3 Vapi's ids of the calls, $4 of the assistants, $5 of the phone numbers, $6 bodies.
-- The org is found by our own maps alone: the assistant's, else the number's.
-- In the order of their keys: another batch that takes the same ones waits at the first, not in a circle.
insert into prewarm.events (dedupe_key, type, vapi_call_id, assistant_id, phone_number_id, org_id, epoch, body)
select s.dedupe_key, s.type, s.vapi_call_id, s.assistant_id, s.phone_number_id,
       coalesce(
         (select org_id from prewarm.source_agents where vapi_assistant_id = s.assistant_id order by id limit 1),
         (select org_id from prewarm.source_phone_numbers where vapi_phone_number_id = s.phone_number_id order by id limit 1)
       ),
       (select epoch from prewarm.epoch), s.body::jsonb
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
         with ordinality as s (dedupe_key, type, vapi_call_id, assistant_id, phone_number_id, body, place)
 order by s.dedupe_key collate "C", s.place
    on conflict (dedupe_key) do nothing
returning dedupe_key, org_id, epoch, xid::text::bigint as "xid!"
