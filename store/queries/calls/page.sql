-- store::calls::page
-- One page of the calls that match a filter. A text is searched among the newest. Without one, the rows before the page are
-- skipped before any contact is read.
-- $1–$6 as in calls/count.sql, $7 the number of newest calls to read, $8 those of them to skip, $9 a LIKE pattern or null,
-- $10 the rows of a page, $11 the rows before it.
select k.id as "id!",
       left(k.phone_number, 512) as phone_number,
       c.name as "contact_name?",
       k.created_at as "created_at!: PgTime",
       k.duration_seconds,
       k.status,
       k.call_direction as "call_direction!",
       k.sentiment_score,
       k.sentiment_label,
       k.summary,
       k.cost_cents,
       k.ended_reason,
       k.contact_id
  from (select * from prewarm.matching_calls($1, $2, $3, $4, $5, $6, $7) offset $8) k
  left join prewarm.source_contacts c on c.id = k.contact_id and c.org_id = k.org_id
 where $9::text is null or k.phone_number ilike $9 or coalesce(c.name, k.phone_number, 'Unknown') ilike $9
 order by prewarm.instant(k.created_at) desc nulls last, k.id desc
 limit $10
offset $11
