-- Sums of some spans of an org less others, and those of the hours, days, months and years that they lie in, where anything
-- is left. Each level is summed from the one below.
create or replace function prewarm.with_above(added prewarm.sums[], taken prewarm.sums[]) returns setof prewarm.sums
language plpgsql stable as $$
declare
  spans constant prewarm.sums[] := added || prewarm.negated(taken);
  below prewarm.sums[] := '{}';
begin
  for at in 0..4 loop
    below := below || array(select one::prewarm.sums from unnest(spans) one where one.level = at);
    -- Spans that are added alone are distinct.
    if taken is not null or at > (below[1]).level then
      below := array(select s::prewarm.sums from prewarm.sums_by(at, below) s);
    end if;
    return query
    select s.*
      from unnest(below) s
     where s is distinct from prewarm.no_sums(s.org_id, s.level, s.start);
  end loop;
end $$;
