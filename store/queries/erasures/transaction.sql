-- store::erasures::transaction
-- The id of this transaction.
select pg_current_xact_id()::text as "xid!"
