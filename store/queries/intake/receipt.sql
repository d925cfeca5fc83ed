-- store::intake::receipt
-- The receipt of an event that was taken before.
-- $1 dedupe key.
select epoch, xid::text::bigint as "xid!"
  from prewarm.events
 where dedupe_key = $1
