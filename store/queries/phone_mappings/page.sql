-- store::phone_mappings::page
-- The numbers that Vapi was told of, in the order of Vapi's ids, after one.
-- $1 after, $2 limit.
select vapi_phone_number_id as id, assistant_id, reason is not null as "refused!", synced_at as "synced_at: PgTime"
  from prewarm.phone_mappings
 where vapi_phone_number_id > $1
   and known
 order by vapi_phone_number_id
 limit $2
