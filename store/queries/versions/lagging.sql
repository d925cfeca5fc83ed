-- store::versions::lagging
-- Those of some orgs whose oldest change has waited for longer than a while. While nothing is owed that is one look.
-- $1 orgs, $2 seconds.
select one.org_id as "org_id!"
  from unnest($1::uuid[]) as one (org_id)
 where exists (select from prewarm.marks)
   and (select m.marked_at from prewarm.marks m where m.org_id = one.org_id order by m.xid limit 1)
       < statement_timestamp() - make_interval(secs => $2)
