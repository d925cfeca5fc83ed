-- The temperature of a lead, by its score. Leads that are hot count in the pulse and show in activity.
create or replace function prewarm.temperature_of(score int) returns text
language sql immutable return case when score >= 80 then 'hot' when score >= 50 then 'warm' else 'cold' end;
