-- The contacts of a list whose calls are read for the leads of an org: all but its frequent callers, looked up one by one.
create or replace function prewarm.seldom_callers(org uuid, touched uuid[]) returns setof uuid
language sql stable
begin atomic
  select id
    from unnest(touched) as id
   where (select f.org_id = org from prewarm.frequent_callers f where f.contact_id = id) is not true;
end;
