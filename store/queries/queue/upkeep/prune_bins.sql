-- store::queue::upkeep::prune
-- Bins are for hours that calls still come in for: an old one that is touched once is read whole, and has bins again.
-- Org by org, since the key starts with it.
delete from prewarm.sums s
 using prewarm.maintained m
 where s.org_id = m.org_id
   and s.level = 0
   and s.start < prewarm.hour_of(now() - interval '1 day')
