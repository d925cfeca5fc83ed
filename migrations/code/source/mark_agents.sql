-- Marks agents whose assistant has to change. Our own record of what Vapi holds is no such change. Only columns that we
-- read are compared: the casts and operators of another column's type may be somebody else's, and would run with our
-- rights.
create or replace function prewarm.mark_agents() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into prewarm.agent_marks (agent_id) select id from new_rows;
  elsif tg_op = 'DELETE' then
    insert into prewarm.agent_marks (agent_id) select id from old_rows;
  elsif tg_op = 'UPDATE' then
    insert into prewarm.agent_marks (agent_id)
    select id
      from ((select id, org_id, call_direction, name, system_prompt, first_message, voice, model from new_rows
             except
             select id, org_id, call_direction, name, system_prompt, first_message, voice, model from old_rows)
            union all
            (select id, org_id, call_direction, name, system_prompt, first_message, voice, model from old_rows
             except
             select id, org_id, call_direction, name, system_prompt, first_message, voice, model from new_rows)) as changed
     group by id;
  else
    perform prewarm.mark_all_agents();
  end if;
  return null;
end $$;
