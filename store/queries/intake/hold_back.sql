-- store::intake::hold_back
-- Parks events whose effect the source does not take: they are replayed later, whoever's they are.
-- $1 dedupe keys, $2 seconds until then.
update prewarm.events
   set org_id = null,
       replay_after = statement_timestamp() + $2 * interval '1 second'
 where dedupe_key = any ($1)
   and body is not null
