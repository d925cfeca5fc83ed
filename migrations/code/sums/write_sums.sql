-- Brings an org's sums up to date for calls and appointments that were created at some instants. The bins or hours that
-- these lie in are read from the source. They and all spans above them change by the difference to what is held, so an
-- instant that is named twice changes nothing the second time. An hour of today that has become dense is kept by bins from
-- now on; one of last week that is touched is read whole.
create or replace procedure prewarm.write_sums(org uuid, at timestamptz, instants timestamptz[])
language plpgsql as $$
declare
  spans  constant prewarm.sums[] := array(select s::prewarm.sums from prewarm.spans_at(org, instants) s order by level, start);
  span   prewarm.sums;
  made   prewarm.sums;
  before prewarm.sums;
begin
  if cardinality(spans) > prewarm.few() then
    call prewarm.write_many_sums(org, at, spans);
    return;
  end if;
  foreach span in array spans loop
    select * into made
      from prewarm.spans_between(org, span.level, span.start, span.start + prewarm.length_of(span.level));
    if not found then
      made := span;
    end if;
    select * into before from prewarm.sums s where (s.org_id, s.level, s.start) = (org, span.level, span.start);
    if not found then
      before := span;
    end if;
    if made is distinct from before then
      call prewarm.add_to_sums(made, before);
    end if;
    if prewarm.is_dense(made, at) then
      call prewarm.write_bins(org, array[made.start]);
    end if;
  end loop;
end $$;
