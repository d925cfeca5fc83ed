-- store::intake::erased
-- How much is erased of what is told of calls; one row for each, in their order.
-- Side by side: $1 Vapi's ids of the calls, $2 orgs, $3 the callers' numbers, $4 when they were heard.
select prewarm.erased_as(s.call, s.org_id, null, null, s.phone, s.heard_at) as erased
  from unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[]) with ordinality as s (call, org_id, phone, heard_at, place)
 order by s.place
