-- Makes the trigger functions of a source that assistants are made from. `agent` is the column of its view that names the
-- agent; all others are compared but those that record what Vapi holds, so that our own record marks nothing. Only columns that
-- we read are compared: the operators of another column's type may be foreign, and would run with our rights. A row that moves
-- to another agent marks both.
create or replace procedure prewarm.watch_agents(source text, agent text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  marks   constant text := 'insert into prewarm.agent_marks (agent_id)
                            select agent from (%s) of_agent where agent is not null group by agent';
  columns constant text := format('select %s as agent', prewarm.expression_of(source, agent));
  made    constant text := prewarm.rows_of(source, 'new_rows');
  gone    constant text := prewarm.rows_of(source, 'old_rows');
  new_row constant text := format(marks, columns || ' from ' || made);
  old_row constant text := format(marks, columns || ' from ' || gone);
  matter  text;
  plain   boolean;
  changed text;
begin
  select string_agg(prewarm.expression_of(c.source, c.name), ', ' order by c.place), bool_and(coalesce(c.plain, true))
    into matter, plain
    from prewarm.source_columns() c
   where c.source = watch_agents.source
     and c.name not in ('vapi_assistant_id', 'config_hash');
  changed := format('((%1$s, %2$s from %3$s except %1$s, %2$s from %4$s) union all
                      (%1$s, %2$s from %4$s except %1$s, %2$s from %3$s))', columns, matter, made, gone);
  call prewarm.put_marker(source, 'insert', new_row, new_row, false, plain);
  call prewarm.put_marker(source, 'delete', old_row, old_row, false, plain);
  call prewarm.put_marker(source, 'update', format(marks, changed),
                          format(marks, format('%1$s from %2$s union all %1$s from %3$s', columns, made, gone)), false, plain);
end $$;
