-- store::queue::upkeep::push_outdated
-- Pushes the rebuilds of some orgs whose version is of an earlier release's format.
-- $1 this release's format.
select prewarm.push_rebuilds(array(
         select v.org_id
           from prewarm.versions v
          where v.format < $1
            and not exists (select from prewarm.running_leases l where l.org_id = v.org_id)
          limit 100
       ), -1) as "pushed!"
