-- store::schema::applied
-- What a database has of the migrations. One row.
select tables, standalone, code, release
  from prewarm.schema
