-- From now on keeps the sums of a few leads that have as many calls as frequent callers. A number that is cut in the lead
-- cannot be compared.
create or replace procedure prewarm.find_frequent_callers(org uuid, touched uuid[])
language plpgsql as $$
declare
  callers uuid[];
begin
  with found as (
    insert into prewarm.frequent_callers (contact_id, org_id, calls, duration_total, duration_calls, sentiment_total)
    select l.id, org, l.total_calls, l.duration_total, l.duration_calls, l.sentiment_total
      from unnest(touched) as one (id)
     cross join lateral (
       select * from prewarm.actionable_leads held where held.id = one.id and held.org_id is not distinct from org limit 1
     ) l
     where coalesce(length(l.phone_number), 0) < 512
        on conflict (contact_id) do nothing
    returning contact_id
  )
  select array_agg(contact_id) into callers from found;
  if callers is not null then
    insert into prewarm.frequent_caller_bins select * from prewarm.calls_by_caller(org, callers);
    call prewarm.note_last_calls(callers);
  end if;
end $$;
