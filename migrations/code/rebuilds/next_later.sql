-- The next org that no change asks for, or null: one whose blobs have an earlier format, or one that was never built. `more`
-- says whether to look again at once.
create or replace function prewarm.next_later(format int, out org_id uuid, out more boolean)
language plpgsql as $$
declare
  unbuilt record;
begin
  select v.org_id
    into org_id
    from prewarm.versions v
   where v.format < next_later.format
     and (select true from prewarm.leases l where l.org_id = v.org_id) is null
     and prewarm.may_start(v.org_id)
   limit 1;
  if org_id is null then
    unbuilt := prewarm.next_unbuilt();
    org_id := unbuilt.org_id;
    more := unbuilt.more;
  else
    more := true;
  end if;
end $$;
