-- store::erasures::count
-- How many are owed; some thousands are counted, not more.
select count(*) as "owed!"
  from (select from prewarm.erasures where done_at is null limit 10000) owed
