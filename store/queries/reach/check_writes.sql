-- store::reach::check_writes
-- Locks a row as no writer of it minds: a database that takes no writes refuses even that.
select from prewarm.settings for key share
