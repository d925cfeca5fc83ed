-- store::phone_mappings::page
-- What we have said of numbers, by Vapi's id, from one on that is left out.
-- $1 after, $2 how many at most.
select vapi_phone_number_id as id, assistant_id, reason is not null as "refused!", synced_at as "synced_at: PgTime"
  from prewarm.phone_mappings
 where vapi_phone_number_id > $1
   and known
 order by vapi_phone_number_id
 limit $2
