-- Faults that keep webhooks from writing as the map says: columns that must be written and are not, ids that are no plain
-- columns, and whatever Postgres says to a write of no rows. Only to be asked in a transaction that is rolled back.
create or replace function prewarm.writing_findings()
returns table (finding text, source text, seen text, wanted text, remedy text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if not prewarm.takes_webhooks() then
    return;
  end if;
  return query
  select concat_ws(':', 'writes', s.source, a.attname), s.source,
         format('%s.%s must not be null, and has no default', s.named, a.attname), 'a value',
         format('write %s = "…" in [writes.%s]', a.attname, s.source)
    from prewarm.sources() s
   cross join prewarm.schema h
    join pg_attribute a on a.attrelid = to_regclass(s.named) and a.attnum > 0 and not a.attisdropped
   where s.source in ('contacts', 'calls')
     and a.attnotnull and not a.atthasdef and a.attidentity = '' and not h.map #> array['writes', s.source] ? a.attname::text
     and not exists (select from prewarm.source_columns() c
                      where c.source = s.source and s.source = 'contacts'
                        and c.name = 'id' and btrim(c.mapped, '"') = a.attname);
  return query
  select concat_ws(':', 'writes', c.source, c.name), c.source, format('%s of %s is no plain column', c.name, c.source),
         'the name of a column', 'use mode = "observe"'
    from prewarm.source_columns() c
   where (c.source, c.name) in (('organizations', 'id'), ('contacts', 'id'), ('contacts', 'org_id'), ('contacts', 'phone'),
                                ('calls', 'org_id'), ('calls', 'vapi_call_id'))
     and c.plain is not true;
  begin
    perform prewarm.write_contacts('{}', '{}', '{}', '{}', '{}');
  exception when others then
    return query
    select 'writes:contacts', 'contacts', sqlerrm, 'a write that Postgres takes', prewarm.writing_remedy('contacts', sqlstate);
  end;
  begin
    perform prewarm.write_calls('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
                                '{}');
  exception when others then
    return query
    select 'writes:calls', 'calls', sqlerrm, 'a write that Postgres takes', prewarm.writing_remedy('calls', sqlstate);
  end;
end $$;
