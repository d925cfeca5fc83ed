-- Makes prewarm.write_contacts(), which finds or makes the contacts of callers, as [writes.contacts] of the map names their
-- columns. A new caller becomes a new lead. For a known one the time of the last contact moves forward, never back, and a
-- missing name is filled in. The arrays run side by side, each pair of org and phone once; a null instant means now. The
-- conflict is on the id that was found: one statement serves both cases, and finds its rows by index under any plan.
create or replace procedure prewarm.put_contact_writer(named text, id text, org text, writes jsonb)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  columns constant text := (select string_agg(format('%I', key), ', ' order by key) from jsonb_each_text(writes));
  made    constant text := (select string_agg(value, ', ' order by key) from jsonb_each_text(writes));
  merged  text;
  differs text;
begin
  select string_agg(format(m.merged, w.key), ', '), string_agg(format(m.differs, w.key), ' or ')
    into merged, differs
    from jsonb_each_text(writes) w
    join (
      values ('last_contact_at', '%1$I = greatest(held.%1$I, excluded.%1$I)', 'held.%1$I is null or held.%1$I < excluded.%1$I'),
             ('name', '%1$I = coalesce(held.%1$I, excluded.%1$I)', 'held.%1$I is null and excluded.%1$I is not null')
    ) as m (name, merged, differs) on m.name = w.value;
  execute format($make$
    create or replace function prewarm.write_contacts(orgs uuid[], phones text[], digits text[], names text[], instants timestamptz[])
    returns table (org_id uuid, phone text, id uuid)
    language plpgsql security definer set search_path = %6$s as $writer$
    #variable_conflict use_column
    begin
      call prewarm.refuse_temporary();
      return query
      with callers as materialized (
        select c.org_id, c.phone, c.name, coalesce(c.at, statement_timestamp()) as last_contact_at,
               coalesce(k.id, gen_random_uuid()) as id
          from unnest(orgs, phones, digits, names, instants) as c (org_id, phone, digits, name, at)
         cross join lateral prewarm.contact_of(c.org_id, c.phone, c.digits) k
      ),
      written as (
        insert into %1$s as held (%2$s, %3$s)
        select id, %4$s from (select distinct on (id) * from callers order by id, last_contact_at desc) c
            on conflict (%2$s) %5$s
      )
      select c.org_id, c.phone, c.id from callers c order by c.org_id, c.phone;
    end $writer$
  $make$, named, id, columns, made,
          coalesce('do update set ' || merged || format(' where held.%1$s = excluded.%1$s and (', org) || differs || ')',
                   'do nothing'), prewarm.writers_path());
end $$;
