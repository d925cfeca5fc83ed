-- store::calls::cancel
-- Stops the statement that a backend runs. One row.
-- $1 backend.
select pg_cancel_backend($1) as "sent!"
