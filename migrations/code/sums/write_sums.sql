-- Brings an org's sums up to date for calls and appointments that were created at some instants. The bins or hours that
-- these lie in are read from the source. They and all spans above them change by the difference to what is held, so an
-- instant that is named twice changes nothing the second time. An hour of today that has become dense is kept by bins from
-- now on; one of last week that is touched is read whole.
do $do$ begin execute format($make$
create or replace procedure prewarm.write_sums(org uuid, at timestamptz, instants timestamptz[])
language plpgsql as $$
declare
  touched constant prewarm.sums[] := array(select s::prewarm.sums from prewarm.spans_at(org, instants) s);
  made    constant prewarm.sums[] := array(
    select p::prewarm.sums
      from unnest(touched) t
     cross join lateral prewarm.spans_between(org, t.level, t.start, t.start + prewarm.length_of(t.level)) p
  );
  before  constant prewarm.sums[] := array(
    select s::prewarm.sums
      from unnest(touched) t
     cross join lateral (
       select * from prewarm.sums h where (h.org_id, h.level, h.start) = (org, t.level, t.start) offset 0
     ) s
  );
  dense   timestamptz[];
begin
  insert into prewarm.sums as held
  select * from prewarm.with_above(made, before) order by level, start
      on conflict (org_id, level, start) do update
     set %s;
  dense := array(
    select m.start
      from unnest(made) m
     where m.level = 1
       and m.start > at - interval '1 day'
       and m.total_calls + m.appointments > prewarm.dense_hour()
  );
  if cardinality(dense) > 0 then
    call prewarm.write_bins(org, dense);
  end if;
end $$
$make$, prewarm.additions_of('prewarm.sums', 'org_id', 'level', 'start')); end $do$;
