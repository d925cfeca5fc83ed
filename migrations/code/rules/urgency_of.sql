-- The urgency of a lead that was last contacted at one instant, seen from another: 1 high, 2 medium, 3 low.
create or replace function prewarm.urgency_of(contacted_at timestamptz, at timestamptz) returns int
language sql stable
return case
         when contacted_at > at - prewarm.urgency_lasts(1) then 1
         when contacted_at > at - prewarm.urgency_lasts(2) then 2
         else 3
       end;
