-- store::schema::applied
-- The migrations that a database has. One row. Columns that a later file of tables/ adds are empty before it.
select tables, standalone, code,
       standalone > 0 or to_jsonb(s) ->> 'map' is not null as "has_source!",
       array(select jsonb_array_elements_text(to_jsonb(s) -> 'release')::int) as "release!"
  from prewarm.schema s
