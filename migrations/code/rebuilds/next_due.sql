-- The org with the oldest deadline whose rebuild may start, or else one whose version is from before the clock went back. Orgs
-- that back off, which may be many, have a lease: it is looked up first, row by row, because a join would lose the order.
create or replace function prewarm.next_due() returns uuid
language plpgsql stable as $$
begin
  return coalesce(
    (select v.org_id
       from prewarm.versions v
      where v.next_change_at <= statement_timestamp()
        and (select true from prewarm.leases l where l.org_id = v.org_id) is null
        and prewarm.may_start(v.org_id)
      order by v.next_change_at
      limit 1),
    (select v.org_id
       from prewarm.versions v
      where v.as_of > statement_timestamp() + interval '1 second'
        and (select true from prewarm.leases l where l.org_id = v.org_id) is null
        and prewarm.may_start(v.org_id)
      limit 1)
  );
end $$;
