-- Sums to be taken away.
do $do$ begin execute format($make$
create or replace function prewarm.negated(spans prewarm.sums[]) returns prewarm.sums[]
language sql stable
return (select array_agg(row(s.org_id, s.level, s.start, %s)::prewarm.sums) from unnest(spans) s)
$make$, prewarm.each_column('prewarm.sums', '-s.%1$I', 'org_id', 'level', 'start')); end $do$;
