-- store::calls::search
-- Of the newest calls that match a filter, how many bear a text; how many were looked at, and the instant of the oldest. One
-- row.
-- $1–$6 as in calls/count.sql, $7 how many to look at, $8 a LIKE pattern.
select count(*) filter (where k.phone_number ilike $8 or coalesce(c.name, k.phone_number, 'Unknown') ilike $8) as "count!",
       count(*) as "looked_at!",
       min(prewarm.instant(k.created_at)) as "oldest: PgTime"
  from prewarm.matching_calls($1, $2, $3, $4, $5, $6, $7) k
  left join prewarm.source_contacts c on c.id = k.contact_id and c.org_id = k.org_id
