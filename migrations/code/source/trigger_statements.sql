-- The statements that put on our triggers where they are missing, for the owner of a table to run.
create or replace function prewarm.trigger_statements() returns table (place bigint, is_ours boolean, statement text)
language sql stable
begin atomic
  with missing as (
    select t.relation, t.name, t.fires, t.calls, pg_has_role(c.relowner, 'usage') as is_ours
      from prewarm.source_triggers() t
      join pg_class c on c.oid = t.relation
     where exists (
             select
               from prewarm.trigger_findings() f
              where f.finding = concat_ws(':', 'trigger', t.relation, t.name)
           )
  )
  select row_number() over (order by s.step, s.relation, s.name), s.is_ours, s.statement
    from (
      select 1 as step, m.relation, m.name, m.is_ours,
             format('create or replace trigger %I %s execute function %s()', m.name, format(m.fires, m.relation), m.calls)
             as statement
        from missing m
      union all
      select 2, m.relation, m.name, m.is_ours, format('alter table %s enable always trigger %I', m.relation, m.name)
        from missing m
    ) s;
end;
