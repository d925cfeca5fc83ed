-- How soon to follow up a lead that was last contacted at one instant, seen from another.
create or replace function prewarm.urgency_of(contacted_at timestamptz, at timestamptz) returns int
language sql stable
return case
         when contacted_at > at - interval '24 hours' then 1
         when contacted_at > at - interval '168 hours' then 2
         else 3
       end;
