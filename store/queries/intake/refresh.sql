-- Records events again that were parked for so long that their bodies are gone, now that they were sent again. An
-- erased event stays erased. A row for each, as of `record`. Looked up by key, as `receipts` does. Side by side: $1
-- dedupe keys, $2 bodies.
update prewarm.events e
   set body = again.body::jsonb,
       org_id = (select o.org_id from prewarm.owner_of(e.assistant_id, e.phone_number_id) o),
       epoch = (select epoch from prewarm.epoch),
       xid = pg_current_xact_id(),
       received_at = statement_timestamp(),
       replay_after = null,
       replay_xid = null
  from (select gone.id, sent.body
          from unnest($1::text[], $2::text[]) as sent (dedupe_key, body)
         cross join lateral (
           select id
             from prewarm.events
            where dedupe_key = sent.dedupe_key
              and org_id is null
              and body is null
              and erased is null
            limit 1
         ) gone) again
 where e.id = again.id
   and e.org_id is null
   and e.body is null
   and e.erased is null
returning e.dedupe_key, e.org_id, e.epoch, e.xid::text::bigint as "xid!"
