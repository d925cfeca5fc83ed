-- store::reach::check_writes
-- Takes a row lock that blocks no writer: a database that accepts no writes refuses even that.
select from prewarm.settings for key share
