-- Whether the sums that are kept of an org are other than the source has them. Of those above the bins each has its row; an
-- hour that is kept by bins is read by bins too. Bins of an hour that is not wait for the next pruning.
create or replace function prewarm.sums_drifted(org uuid) returns boolean
language sql stable
begin atomic
  with by_bins as materialized (
    select s.start from prewarm.sums s where s.org_id = org and s.level = 0 and s.start = prewarm.hour_of(s.start)
  ),
  held as materialized (
    select *
      from prewarm.sums s
     where s.org_id = org
       and s is distinct from prewarm.no_sums(s.org_id, s.level, s.start)
       and (s.level > 0 or prewarm.hour_of(s.start) in (select h.start from by_bins h))
  ),
  wanted as materialized (
    select * from prewarm.with_above(array(select h::prewarm.sums from prewarm.hours_of(org) h), null)
    union all
    select bin.*
      from by_bins h
     cross join lateral prewarm.spans_between(org, 0, h.start, h.start + interval '1 hour') bin
  )
  select exists ((select * from wanted except select * from held) union all (select * from held except select * from wanted));
end;
