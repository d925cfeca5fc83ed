-- store::intake::erased
-- The erased part of each call, a row each, in the order of the arguments.
-- Side by side: $1 Vapi's ids of the calls, $2 orgs, $3 the callers' numbers, $4 instants of the contact.
select prewarm.erased_as(s.call, s.org_id, null, null, s.phone, s.heard_at) as erased
  from unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[]) with ordinality as s (call, org_id, phone, heard_at, place)
 order by s.place
