-- store::intake::receipts
-- The receipts of events that were recorded before.
-- $1 dedupe keys.
select e.dedupe_key, e.epoch, e.xid::text::bigint as "xid!"
  from unnest($1::text[]) as wanted (dedupe_key)
 cross join lateral (
   select dedupe_key, epoch, xid
     from prewarm.events
    where dedupe_key = wanted.dedupe_key
    limit 1
 ) e
 order by e.dedupe_key
