-- store::installation::renew_if_behind
-- Begins another installation if this one has not come to a transaction. One row: whether it had not.
-- $1 installation, $2 the transaction.
select prewarm.renew_if_behind($1, $2::text::xid8) as "renewed!"
