-- store::intake::park
-- Parks events whose effect the source refuses. They are replayed later, whichever org they belong to then.
-- $1 dedupe keys, $2 seconds until then.
update prewarm.events
   set org_id = null,
       replay_after = statement_timestamp() + $2 * interval '1 second'
 where dedupe_key = any ($1)
   and body is not null
