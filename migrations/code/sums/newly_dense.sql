-- The hours among some that have become dense: from now on they are kept by bins, while calls still come in. An hour of
-- last week that is touched is read whole.
create or replace function prewarm.newly_dense(org uuid, at timestamptz, hours timestamptz[]) returns timestamptz[]
language plpgsql stable as $$
begin
  return array(
    select one.start
      from unnest(hours) as one (start)
     where one.start > at - interval '1 day'
       and (
         select s.total_calls + s.appointments > prewarm.dense_hour()
           from prewarm.sums s
          where s.org_id = org
            and s.level = 1
            and s.start = one.start
       )
  );
end $$;
