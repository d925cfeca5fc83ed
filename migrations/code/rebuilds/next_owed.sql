-- The org whose rebuild is to start next, or null: of an org with marks, whose turn is by id, of the oldest deadline, and of
-- the oldest end of a back-off, the one that has waited longest. So neither changes nor deadlines can hold up the other.
-- It relies on the planner settings of prewarm.claim_rebuild.
create or replace function prewarm.next_owed(inout after uuid, out org_id uuid)
language plpgsql stable as $$
declare
  marked uuid;
begin
  select m.after, m.org_id into after, marked from prewarm.next_marked(after) m;
  select owed.org_id
    into org_id
    from (
      (select m.org_id, m.marked_at as since from prewarm.marks m where m.org_id = marked order by m.xid limit 1)
       union all
      (select v.org_id, v.next_change_at
         from prewarm.versions v
        where v.next_change_at <= statement_timestamp()
          and prewarm.may_start(v.org_id)
        order by v.next_change_at
        limit 1)
       union all
      (select l.org_id, l.until
         from prewarm.leases l
        where l.until <= statement_timestamp()
          and prewarm.may_start(l.org_id)
        order by l.until
        limit 1)
       union all
      (select v.org_id, statement_timestamp()
         from prewarm.versions v
        where v.as_of > statement_timestamp() + interval '1 second'
          and prewarm.may_start(v.org_id)
        limit 1)
    ) owed
   order by owed.since
   limit 1;
end $$;
