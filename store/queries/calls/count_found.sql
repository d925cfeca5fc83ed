-- store::calls::search
-- Counts the calls with a text among the newest that match a filter. One row: the count, the number of calls that were
-- searched, and the instant of the oldest.
-- $1–$6 as in calls/count.sql, $7 the number to search, $8 a LIKE pattern.
select count(*) filter (where k.phone_number ilike $8 or coalesce(c.name, k.phone_number, 'Unknown') ilike $8) as "count!",
       count(*) as "looked_at!",
       min(prewarm.instant(k.created_at)) as "oldest: PgTime"
  from prewarm.matching_calls($1, $2, $3, $4, $5, $6, $7) k
  left join prewarm.source_contacts c on c.id = k.contact_id and c.org_id = k.org_id
