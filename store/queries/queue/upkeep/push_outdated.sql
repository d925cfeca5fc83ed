-- store::queue::upkeep::push_outdated
-- $1 this binary's format, $2 the oldest that it makes.
select prewarm.push_rebuilds(array(
         select o.org_id
           from prewarm.outdated($1, greatest(least((select min(format) from prewarm.live_nodes), $1), $2)) as o (org_id)
          where not exists (select from prewarm.leases l where l.org_id = o.org_id and l.until > statement_timestamp())
          limit 100
       ), -1) as "pushed!"
