-- Advice about the mapped tables, in words: rows that no panel shows, numbers that several contacts share, and indexes that
-- our look-ups want on large tables.
create or replace function prewarm.attachment_advice() returns table (advice text)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  one   record;
  found bigint;
begin
  for one in select s.source, s.named from prewarm.sources() s where s.named is not null and s.source <> 'organizations' loop
    execute format('select count(*) from (select from prewarm.source_%s where org_id is null limit 1000) x', one.source)
       into found;
    if found > 0 then
      return query
      select format('%s rows of %s have no org, and are shown nowhere',
                    case when found = 1000 then '1000 or more' else found::text end, one.named);
    end if;
  end loop;
  select count(*) into found
    from (select from prewarm.source_contacts c where c.phone is not null group by c.org_id, c.phone having count(*) > 1) x;
  if found > 0 then
    return query select format('%s phone numbers belong to several contacts of an org: each of them shows their calls', found);
  end if;
  return query select m.advice from prewarm.missing_indexes() m;
end $$;
