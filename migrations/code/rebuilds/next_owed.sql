-- The org whose rebuild is to start next, or null: from one of three lanes, and if that has none, from the next. A worker
-- begins with another lane each time, so that a backlog in one holds up no other. The lanes: 0, orgs with marks, whose turn is
-- by id; 1, deadlines, the oldest first, and versions from before the clock went back; 2, back-offs that have ended, the
-- oldest first. It relies on the planner settings of prewarm.claim_rebuild.
create or replace function prewarm.next_owed(lane int, first uuid, inout after uuid, out org_id uuid, out more boolean)
language plpgsql stable as $$
declare
  marked record;
begin
  more := false;
  for n in lane..lane + 2 loop
    case n % 3
      when 0 then
        marked := prewarm.next_marked(first, after);
        after := marked.after;
        org_id := marked.org_id;
        more := marked.more;
      when 1 then
        org_id := prewarm.next_due();
      else
        select l.org_id into org_id
          from prewarm.leases l
         where l.holder is null
           and l.until <= statement_timestamp()
         order by l.until
         limit 1;
    end case;
    exit when org_id is not null;
  end loop;
end $$;
