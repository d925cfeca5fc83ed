-- Organizations as the read models see them. Names of zones are short; a longer text names none.
create or replace view prewarm.source_organizations as
  select id, left(name, 512) as name, left(btrim(timezone, E' \t\r\n'), 100) as timezone
    from prewarm.read_organizations() as (
           id uuid, name text, timezone text
         );
