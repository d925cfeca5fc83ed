-- Marks the agents of changed phone numbers. A number that moves marks both agents.
create or replace function prewarm.mark_agents_of_numbers() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into prewarm.agent_marks (agent_id) select distinct agent_id from new_rows where agent_id is not null;
  elsif tg_op = 'DELETE' then
    insert into prewarm.agent_marks (agent_id) select distinct agent_id from old_rows where agent_id is not null;
  elsif tg_op = 'UPDATE' then
    insert into prewarm.agent_marks (agent_id)
    select agent_id
      from ((select id, org_id, vapi_phone_number_id, agent_id from new_rows
             except
             select id, org_id, vapi_phone_number_id, agent_id from old_rows)
            union all
            (select id, org_id, vapi_phone_number_id, agent_id from old_rows
             except
             select id, org_id, vapi_phone_number_id, agent_id from new_rows)) as changed
     where agent_id is not null
     group by agent_id;
  else
    perform prewarm.mark_all_agents();
  end if;
  return null;
end $$;
