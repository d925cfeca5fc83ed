-- store::versions::lagging
-- The orgs among some whose oldest change waits for longer than this. Costs one probe while nothing is owed.
-- $1 orgs, $2 seconds.
select one.org_id as "org_id!"
  from unnest($1::uuid[]) as one (org_id)
 where exists (select from prewarm.marks)
   and (select m.marked_at from prewarm.marks m where m.org_id = one.org_id order by m.xid limit 1)
       < statement_timestamp() - make_interval(secs => $2)
