-- store::schema::applied
-- The migrations that a database has. One row. The release is empty before tables/0012, which adds its column.
select tables, standalone, code,
       array(select jsonb_array_elements_text(to_jsonb(s) -> 'release')::int) as "release!"
  from prewarm.schema s
