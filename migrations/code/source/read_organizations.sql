-- The rows of organizations as the application has them. Postgres puts the body of prewarm.read_… into the query that asks:
-- plans are those of the table. A body that is a string records no dependency, so that the application may change its
-- table; it has no operator and no function, since those would be looked up by whoever asks. The view names the columns: a
-- function that named them could not be replaced by one with another column.
create or replace function prewarm.read_organizations()
returns setof record
language sql stable as $$
  select id, name, timezone
    from public.organizations
$$;
