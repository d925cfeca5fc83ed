-- The next org with marks whose rebuild may start, by id after another and round, so that each gets its turn; null if the
-- first two hundred are of no use, or all. `after` moves on to the last one that was looked at.
create or replace function prewarm.next_marked(inout after uuid, out org_id uuid)
language plpgsql stable as $$
declare
  first   constant uuid := after;
  rounded boolean := false;
begin
  for look in 1..200 loop
    select m.org_id into org_id from prewarm.marks m where m.org_id > after order by m.org_id limit 1;
    if org_id is null and not rounded then
      rounded := true;
      select m.org_id into org_id from prewarm.marks m order by m.org_id limit 1;
    end if;
    exit when org_id is null or rounded and org_id > first;
    after := org_id;
    if prewarm.may_start(org_id) then
      return;
    end if;
  end loop;
  org_id := null;
end $$;
