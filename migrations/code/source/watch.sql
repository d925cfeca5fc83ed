-- Makes the trigger functions of a source that read models show. The names are columns of its view: its org, and the parts of
-- the org's read models that a row affects, if any. A row without an org marks nothing. An update lists each row as it was and
-- as it is. A row that moves to another org, or changes its id, marks both orgs whole.
create or replace procedure prewarm.watch(
  source text, org text, contacts text default null, phones text default null, booked text default null,
  instants text default null
)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  listing constant text := 'insert into prewarm.marks (org_id, what%s) select org, %L%s from (%s) of_org where org is not null';
  whole   constant text := 'insert into prewarm.marks (org_id, what, wide)
                            select org, %L, true from (%s) of_org where org is not null group by org';
  orgs    constant text := format('select %s as org from ', prewarm.expression_of(source, org));
  made    constant text := prewarm.rows_of(source, 'new_rows');
  gone    constant text := prewarm.rows_of(source, 'old_rows');
  columns text;
  lists   text;
  one     text;
  pair    text;
  plain   boolean;
begin
  select concat('select ', prewarm.expression_of(source, 'id'), ' as id, ', prewarm.expression_of(source, org), ' as org',
                string_agg(format(', %s as %s', prewarm.expression_of(source, name), list), '')),
         string_agg(', ' || list, ''),
         string_agg(format(', array[%s]', list), ''),
         string_agg(format(', array[o.%1$s, n.%1$s]', list), '')
    into columns, lists, one, pair
    from (values ('contacts', contacts), ('phones', phones), ('booked', booked), ('instants', instants)) as part (list, name)
   where name is not null;
  plain := (select bool_and(coalesce(c.plain, true)) from prewarm.source_columns() c
             where c.source = watch.source and c.name in ('id', org, contacts, phones, booked, instants));
  call prewarm.put_marker(source, 'insert', format(listing, lists, source, one, columns || ' from ' || made),
                          format(whole, source, orgs || made), lists is not null, plain);
  call prewarm.put_marker(source, 'delete', format(listing, lists, source, one, columns || ' from ' || gone),
                          format(whole, source, orgs || gone), lists is not null, plain);
  call prewarm.put_marker(source, 'update', format(
    'insert into prewarm.marks (org_id, what, wide%s)
     select coalesce(n.org, o.org), %L, n.id is null or o.id is null%s
       from (%4$s from %5$s) n
       full join (%4$s from %6$s) o on o.id operator(pg_catalog.=) n.id and o.org operator(pg_catalog.=) n.org
      where coalesce(n.org, o.org) is not null', lists, source, pair, columns, made, gone),
    format(whole, source, orgs || made || ' union all ' || orgs || gone), lists is not null, plain);
end $$;
