-- The n newest calls of an org that match a filter; a null argument matches all. Calls without an instant come last, and
-- match no filter by time. Inlined, so that the filter finds its index.
create or replace function prewarm.matching_calls(
  org uuid, direction text, status text, since timestamptz, before timestamptz, with_tests boolean, n bigint
) returns setof prewarm.source_calls
language sql stable
begin atomic
  select m.*
    from prewarm.stretches t
   cross join lateral (
     select *
       from prewarm.source_calls s
      where s.org_id = org
        and s.created_at between t.since and t.until
        and (direction is null or s.call_direction = direction)
        and ($3 is null or s.status = $3)
        and ($4 is null or (s.created_at >= $4 and s.created_at < 'infinity'))
        and (before is null or (s.created_at < before and s.created_at > '-infinity'))
        and (with_tests or not s.is_test_call)
      order by s.created_at desc, s.id desc
      limit n
   ) m
   order by prewarm.instant(m.created_at) desc nulls last, m.id desc
   limit n;
end;
