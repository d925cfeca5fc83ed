-- store::reach::major_of
-- The server's version as one number, such as 150004 for PostgreSQL 15.4.
select current_setting('server_version_num')::int
