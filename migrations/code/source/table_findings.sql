-- Faults of the map's tables, seen by the present role: they are missing, of another kind or replaced, it may not read them or
-- would see a part of their rows.
create or replace function prewarm.table_findings()
returns table (finding text, source text, seen text, wanted text, remedy text)
language sql stable
begin atomic
  with one as (
    select s.source, s.named, c.oid, c.relkind, a.relation as attached, current_user as me
      from prewarm.sources() s
      left join pg_class c on c.oid = to_regclass(s.named)
      left join prewarm.attached_tables a on a.source = s.source and a.is_whole
     where s.named is not null
  )
  select concat_ws(':', f.kind, one.named), one.source, f.seen, f.wanted, f.remedy
    from one
   cross join lateral (
     values
       ('table-missing', one.oid is null, 'no table ' || one.named, 'a table of this name',
        'name another table in the map, and run `prewarm attach` again'),
       ('table-kind', one.relkind not in ('r', 'p'),
        format('%s is %s', one.named,
               case one.relkind when 'v' then 'a view' when 'm' then 'a materialized view' else 'foreign' end),
        'a table, or a partitioned one', 'name the table that it shows in the map'),
       ('table-replaced', one.oid <> one.attached, 'another table bears the name ' || one.named || ' now',
        'the table that was attached', 'run `prewarm attach --map …` again'),
       ('no-privilege', not has_table_privilege(one.oid, 'select'), one.me || ' may not read ' || one.named,
        'the privilege SELECT', format('grant select on %s to %I', one.named, one.me)),
       ('row-security', row_security_active(one.oid), 'row level security filters ' || one.named || ' for ' || one.me,
        'all rows',
        format('alter role %I bypassrls, or connect as a role that bypasses it: no policy will do', one.me))
   ) as f (kind, applies, seen, wanted, remedy)
   where f.applies;
end;
