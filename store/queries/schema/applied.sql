-- store::schema::applied
-- The migrations that a database has. One row.
select tables, standalone, code, release
  from prewarm.schema
