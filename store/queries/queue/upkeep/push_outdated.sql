-- store::queue::upkeep::push_outdated
-- $1 the present format.
select prewarm.push_backfill(array(
         select v.org_id
           from prewarm.versions v
          where v.format < $1
            and not exists (select from prewarm.leases l where l.org_id = v.org_id and l.until > statement_timestamp())
          limit 100
       )) as "pushed!"
