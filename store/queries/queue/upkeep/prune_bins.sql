-- store::queue::upkeep::prune
-- Bins serve hours that calls still come in for. An older hour that is touched is read whole, and has bins again. The join
-- goes org by org, since the key starts with the org.
delete from prewarm.sums s
 using prewarm.maintained m
 where s.org_id = m.org_id
   and s.level = 0
   and s.start < prewarm.hour_of(now() - interval '1 day')
