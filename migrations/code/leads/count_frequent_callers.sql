-- Brings the sums of the frequent callers among some contacts up to date for calls that were created at some instants, by the
-- difference between what is held of these seconds and what the source has.
do $do$ begin execute format($make$
create or replace procedure prewarm.count_frequent_callers(org uuid, touched uuid[], instants timestamptz[])
language plpgsql as $$
declare
  seconds constant timestamptz[] := array(select distinct prewarm.bin_of(at) from unnest(instants) as at);
  callers constant uuid[] := prewarm.keep_frequent_callers(org, touched, seconds);
begin
  if cardinality(callers) = 0 or cardinality(seconds) = 0 then
    return;
  end if;
  with differences as materialized (
    select d.contact_id, d.start, sum(d.sign * d.calls) as calls, sum(d.sign * d.duration_total) as duration_total,
           sum(d.sign * d.duration_calls) as duration_calls, sum(d.sign * d.sentiment_total) as sentiment_total
      from (
        select 1 as sign, made.* from prewarm.calls_by_second(callers, seconds) made
        union all
        select -1, b.* from prewarm.frequent_caller_bins b where b.contact_id = any (callers) and b.start = any (seconds)
      ) d
     group by d.contact_id, d.start
  ),
  of_bins as (
    insert into prewarm.frequent_caller_bins as held
    select * from differences
        on conflict (contact_id, start) do update
       set %s
  )
  update prewarm.frequent_callers f
     set (calls, duration_total, duration_calls, sentiment_total) = (
           select f.calls + coalesce(sum(d.calls), 0), f.duration_total + coalesce(sum(d.duration_total), 0),
                  f.duration_calls + coalesce(sum(d.duration_calls), 0),
                  f.sentiment_total + coalesce(sum(d.sentiment_total), 0)
             from differences d
            where d.contact_id = f.contact_id
         )
   where f.contact_id = any (callers);
  call prewarm.note_last_calls(callers);
end $$
$make$, prewarm.each_column('prewarm.frequent_caller_bins', '%1$I = held.%1$I + excluded.%1$I', 'contact_id', 'start')); end $do$;
