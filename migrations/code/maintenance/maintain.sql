-- Brings what the models are read from up to date for one org at an instant, by the marks that the transaction sees,
-- and returns what was touched: null if all was made anew. That is so the first time; where a mark is wide; and where
-- the clock has gone back, since urgency rises then. All leads, or all sums, are made anew where so many are touched that
-- it is cheaper. What is touched is computed from the source; sums of more than that change by the difference
-- between what is held of it and what it is now, so that doing it twice changes nothing.
--
-- Cost follows the change, whatever the data looks like. A plan that is kept was made from the statistics of a moment:
-- of an empty table, of one org, of a value that was common then. So every look-up leaves the planner one index to
-- choose:
--
-- - `org_id is not distinct from` beside a key or a contact: no index serves that operator, so the key's own index is
--   left.
-- - A value asked for as `between x and x` with an order that begins with it: only the index that starts with the org
--   and this value has that order, since sorting is switched off.
-- - `offset 0` and `limit 1` keep such a look-up in a loop of its own.
--
-- Work on a whole org reads each of its rows once and joins by hash, so that no estimate can make it quadratic.
create or replace function prewarm.maintain(org uuid, at timestamptz) returns prewarm.touched
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
set enable_sort = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  before  prewarm.maintained;
  is_wide boolean;
  touched prewarm.touched;
begin
  select * into before from prewarm.maintained m where m.org_id = org;
  select bool_or(m.wide), coalesce(bool_and(m.what in ('calls', 'contacts', 'appointments')), true),
         coalesce(bool_or(m.what = 'appointments'), false)
    into is_wide, touched.is_listed, touched.appointments
    from prewarm.marks m
   where m.org_id = org;
  if before.org_id is null or at < before.as_of or is_wide then
    call prewarm.maintain_anew(org, at);
    return null;
  end if;
  touched.contacts := prewarm.touched_leads(org, at);
  touched.instants := prewarm.touched_instants(org);
  touched.leads := cardinality(touched.contacts);
  -- A rebuild that wrote nothing keeps no other waiting for the org's row.
  if touched.leads = 0 and cardinality(touched.instants) = 0 then
    return touched;
  end if;
  touched := prewarm.maintain_leads(org, at, before.leads, touched);
  if cardinality(touched.instants) > prewarm.many_of(before.hours) then
    call prewarm.make_sums(org);
  elsif cardinality(touched.instants) > 0 then
    call prewarm.write_sums(org, at, touched.instants);
  end if;
  update prewarm.maintained m
     set (as_of, rebuilt_at, pipeline_total, hot_leads)
       = (at, statement_timestamp(), m.pipeline_total + touched.pipeline, m.hot_leads + touched.hot_leads)
   where m.org_id = org;
  return touched;
end $$;
