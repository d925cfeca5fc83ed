-- The org of an assistant, or else of a number. Names that rows of two orgs bear belong to neither: either might be the
-- other's mistake, or its doing. One row, inlined where it is used: a call of a function for each event of a batch would
-- cost more than the look-up.
create or replace function prewarm.owner_of(assistant text, number text) returns table (org_id uuid)
language sql stable
begin atomic
  select case when coalesce(a.least, n.least) = coalesce(a.most, n.most) then coalesce(a.least, n.least)::uuid end
    from (
      select min(held.org_id::text) as least, max(held.org_id::text) as most
        from prewarm.source_agents held
       where held.vapi_assistant_id = assistant
    ) a
   cross join lateral (
     select min(held.org_id::text) as least, max(held.org_id::text) as most
       from prewarm.source_phone_numbers held
      where held.vapi_phone_number_id = number
        and a.least is null
   ) n;
end;
