-- Puts the triggers on a source table that assistants are made from. The arguments after the name are SQL expressions over a
-- row: its agent, and the columns whose changes matter, so that our own record of Vapi's state marks nothing. Only columns
-- that we read are compared: the operators of another column's type may be foreign, and would run with our rights. A row
-- that moves to another agent marks both.
create or replace procedure prewarm.watch_agents(source regclass, what text, agent text, matter text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  marks   constant text := 'insert into prewarm.agent_marks (agent_id)
                            select agent from (%s) of_agent where agent is not null group by agent';
  columns constant text := format('select %s as agent', agent);
  new_row constant text := format(marks, columns || ' from new_rows');
  old_row constant text := format(marks, columns || ' from old_rows');
  changed constant text := format('((%1$s, %2$s from new_rows except %1$s, %2$s from old_rows) union all
                                    (%1$s, %2$s from old_rows except %1$s, %2$s from new_rows))', columns, matter);
begin
  call prewarm.put_marker(source, what, 'insert', new_row, new_row, false);
  call prewarm.put_marker(source, what, 'delete', old_row, old_row, false);
  call prewarm.put_marker(source, what, 'update', format(marks, changed),
                          format(marks, format('%1$s from new_rows union all %1$s from old_rows', columns)), false);
  call prewarm.put_trigger(source, 'prewarm_truncate', 'after truncate on %s for each statement',
                           'prewarm.mark_agents_truncated');
end $$;
