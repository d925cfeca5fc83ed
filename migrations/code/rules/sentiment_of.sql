-- The weight of a call's sentiment in a lead's trend.
create or replace function prewarm.sentiment_of(label text) returns int
language sql immutable return case label when 'positive' then 1 when 'negative' then -1 else 0 end;
