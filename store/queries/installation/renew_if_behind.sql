-- store::installation::renew_if_behind
-- Begins a new installation if this database is behind a transaction. One row: whether it was.
-- $1 installation, $2 transaction.
select prewarm.renew_if_behind($1, $2::text::xid8) as "renewed!"
