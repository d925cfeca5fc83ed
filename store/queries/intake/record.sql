-- store::intake::record
-- Records events whose keys are new, in the order of their keys, so that two batches never deadlock. A row for each new
-- one. Side by side: $1 dedupe keys, $2 types, $3 Vapi's ids of the calls, $4 of the assistants, $5 of the phone
-- numbers, $6 bodies, $7 the callers' numbers as tombstones have them, $8 instants of the contact. The org is that of
-- the assistant, or else of the number, by our own maps alone. The body of an erased event is not stored.
with sent as materialized (
  select s.*, o.org_id
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
           with ordinality as s (
             dedupe_key, type, vapi_call_id, assistant_id, phone_number_id, body, phone, heard_at, place
           )
   cross join lateral prewarm.owner_of(s.assistant_id, s.phone_number_id) o
),
told as materialized (
  select sent.*,
         -- One look for all events: most databases have no tombstone.
         case when (select exists (select from prewarm.tombstones)) then
           prewarm.erased_as(
             sent.vapi_call_id, sent.org_id, sent.assistant_id, sent.phone_number_id, sent.phone, sent.heard_at
           )
         end as erased
    from sent
)
insert into prewarm.events (dedupe_key, type, vapi_call_id, assistant_id, phone_number_id, org_id, epoch, body, erased)
select t.dedupe_key, t.type, t.vapi_call_id, t.assistant_id, t.phone_number_id, t.org_id,
       (select epoch from prewarm.epoch),
       case when t.erased is null then t.body::jsonb end,
       t.erased
  from told t
 order by t.dedupe_key collate "C", t.place
    on conflict (dedupe_key) do nothing
returning dedupe_key, org_id, epoch, xid::text::bigint as "xid!", erased
