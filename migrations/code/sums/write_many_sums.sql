-- Does as prewarm.write_sums for many spans, all at once: a row of what lies above them is written once, and not once a span.
do $do$ begin execute format($make$
create or replace procedure prewarm.write_many_sums(org uuid, at timestamptz, spans prewarm.sums[])
language plpgsql as $$
declare
  made   constant prewarm.sums[] := array(
    select p::prewarm.sums
      from unnest(spans) t
     cross join lateral prewarm.spans_between(org, t.level, t.start, t.start + prewarm.length_of(t.level)) p
  );
  before constant prewarm.sums[] := array(
    select s::prewarm.sums
      from unnest(spans) t
     cross join lateral (
       select * from prewarm.sums h where (h.org_id, h.level, h.start) = (org, t.level, t.start) offset 0
     ) s
  );
  dense  constant timestamptz[] := array(select m.start from unnest(made) m where prewarm.is_dense(m, at));
begin
  insert into prewarm.sums as held
  select * from prewarm.with_above(made, before) order by level, start
      on conflict (org_id, level, start) do update
     set %s;
  if cardinality(dense) > 0 then
    call prewarm.write_bins(org, dense);
  end if;
end $$
$make$, prewarm.each_column('prewarm.sums', '%1$I = held.%1$I + excluded.%1$I', 'org_id', 'level', 'start')); end $do$;
