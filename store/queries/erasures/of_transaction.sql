-- store::erasures::of_transaction
-- The state of the erasures that a transaction has made owed.
-- $1 transaction.
select id, org_id, erased_at is not null as "is_erased!", done_at is not null as "is_done!", removed as "removed!"
  from prewarm.erasures
 where xid = $1::text::xid8
 order by id
