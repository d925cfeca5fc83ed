-- Indexes that our look-ups want and a large table lacks, in words. An index of ours would change the application's schema.
create or replace function prewarm.missing_indexes() returns table (advice text)
language sql stable
begin atomic
  select format('%s has about %s rows and no index on (%s): run `create index concurrently on %s (%s)`',
                s.named, c.reltuples::bigint, w.columns, s.named, w.columns)
    from (values ('contacts', array['id']), ('contacts', array['org_id', 'phone']),
                 ('calls', array['id']), ('calls', array['org_id', 'created_at']), ('calls', array['org_id', 'phone_number']),
                 ('calls', array['contact_id']),
                 ('appointments', array['org_id']), ('appointments', array['contact_id'])) as wanted (source, names)
    join prewarm.sources() s using (source)
    join pg_class c on c.oid = to_regclass(s.named) and c.reltuples > 10000
   cross join lateral (
     select string_agg(k.mapped, ', ' order by array_position(wanted.names, k.name)) as columns,
            array_agg(btrim(k.mapped, '"') order by array_position(wanted.names, k.name)) as keys,
            bool_and(k.plain) as plain
       from prewarm.source_columns() k
      where k.source = wanted.source
        and k.name = any (wanted.names)
        and k.mapped is not null
   ) w
   where w.plain
     and cardinality(w.keys) = cardinality(wanted.names)
     and not exists (
           select
             from pg_index i
            where i.indrelid = c.oid
              and i.indisvalid
              and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) like '%IS NOT NULL)')
              and w.keys = array(
                    select a.attname::text
                      from unnest(i.indkey) with ordinality as k (attnum, place)
                      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
                     where k.place <= cardinality(w.keys)
                     order by k.place)
         );
end;
