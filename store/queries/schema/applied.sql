-- store::schema::applied
-- The migrations that a database has. One row. It has no map before tables/0024, which adds the column.
select tables, standalone, code, release,
       standalone > 0 or to_jsonb(s) ->> 'map' is not null as "has_source!"
  from prewarm.schema s
