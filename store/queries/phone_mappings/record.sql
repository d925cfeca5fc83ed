-- store::phone_mappings::record
-- Records which assistant Vapi has for a number now. If another agent has told Vapi something else in the meantime, it
-- is unknown which came last, so the number's agent becomes owed. $1 Vapi's id of the number, $2 agent, $3 Vapi's id of
-- the assistant, $4 the revision that was read, $5 why Vapi rejected it.
with told as (
  insert into prewarm.phone_mappings as held (vapi_phone_number_id, agent_id, assistant_id, reason)
  values ($1, $2, $3, $5)
      on conflict (vapi_phone_number_id) do update
     set agent_id = excluded.agent_id,
         assistant_id = excluded.assistant_id,
         reason = excluded.reason,
         known = held.revision = $4,
         revision = held.revision + 1,
         synced_at = statement_timestamp()
  returning known
)
insert into prewarm.agent_marks (agent_id)
select distinct p.agent_id
  from prewarm.source_phone_numbers p, told
 where p.vapi_phone_number_id = $1
   and p.agent_id is not null
   and (not told.known or p.agent_id <> $2)
