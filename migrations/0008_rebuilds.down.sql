drop table prewarm.rebuild_failures;
drop table prewarm.rebuild_runs;
drop sequence prewarm.rebuild_run;
drop procedure prewarm.maintain_anew(uuid, timestamptz);
drop procedure prewarm.make_sums(uuid);
drop function prewarm.sums_of(uuid);
drop procedure prewarm.make_leads(uuid, timestamptz);

create or replace function prewarm.hour_of(at timestamptz) returns timestamptz
language sql immutable return date_trunc('hour', at, 'UTC');
