-- The next org with marks whose rebuild may start, by id and round, so that each gets its turn. A round began at `first`, and
-- has come to `after`; it is over when it comes by `first` again, and the next one begins there. A look passes over two
-- hundred orgs at most: `more` says that the round goes on.
create or replace function prewarm.next_marked(first uuid, inout after uuid, out org_id uuid, out more boolean)
language plpgsql stable as $$
declare
  rounded boolean := after < first;
begin
  more := false;
  for look in 1..200 loop
    select m.org_id into org_id from prewarm.marks m where m.org_id > after order by m.org_id limit 1;
    if org_id is null and not rounded then
      rounded := true;
      select m.org_id into org_id from prewarm.marks m order by m.org_id limit 1;
    end if;
    if org_id is null or rounded and org_id > first then
      after := first;
      org_id := null;
      return;
    end if;
    after := org_id;
    if prewarm.may_start(org_id) then
      return;
    end if;
    if rounded and org_id = first then
      org_id := null;
      return;
    end if;
  end loop;
  org_id := null;
  more := true;
end $$;
