-- Writes the sums among these that differ from the stored ones: ON CONFLICT locks a row even if it then changes nothing.
do $do$ begin execute format($make$
create or replace procedure prewarm.put_sums(made prewarm.sums[])
language plpgsql as $$
begin
  insert into prewarm.sums
  select m.*
    from unnest(made) as m
   where (
     select held is not distinct from m
       from prewarm.sums held
      where (held.org_id, held.level, held.start) = (m.org_id, m.level, m.start)
   ) is not true
      on conflict (org_id, level, start) do update
     set (%s) = row(excluded.*);
end $$
$make$, prewarm.columns_of('prewarm.sums')); end $do$;
