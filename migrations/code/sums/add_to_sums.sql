-- Adds the difference between a span's sums as they were made and as they were before to all that the span lies in: bin, hour,
-- day, month and year.
do $do$ begin execute format($make$
create or replace procedure prewarm.add_to_sums(made prewarm.sums, before prewarm.sums)
language plpgsql as $$
begin
  insert into prewarm.sums as held
  select made.org_id, above.level, date_trunc(above.unit, made.start, 'UTC'), %s
    from (values (0, 'second'), (1, 'hour'), (2, 'day'), (3, 'month'), (4, 'year')) as above (level, unit)
   where above.level >= made.level
      on conflict (org_id, level, start) do update
     set %s;
end $$
$make$, prewarm.each_column('prewarm.sums', 'made.%1$I - before.%1$I', 'org_id', 'level', 'start'),
        prewarm.each_column('prewarm.sums', '%1$I = held.%1$I + excluded.%1$I', 'org_id', 'level', 'start')); end $do$;
