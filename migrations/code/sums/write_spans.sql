-- Makes the sums of some bins, and of some hours that are not kept by bins, from the source.
create or replace procedure prewarm.write_spans(org uuid, bins timestamptz[], hours timestamptz[])
language plpgsql as $$
declare
  made constant prewarm.sums[] := array(
    select coalesce(p, prewarm.no_sums(org, one.level, one.start))
      from (
        select distinct 0 as level, start from unnest(bins) as start
        union all
        select 1, start from unnest(hours) as start
      ) one
      left join lateral prewarm.spans_between(org, one.level, one.start, one.start + prewarm.length_of(one.level)) p on true
  );
begin
  call prewarm.put_sums(made);
end $$;
