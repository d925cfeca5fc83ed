drop trigger prewarm_erase on public.contacts;
drop trigger prewarm_erase on public.calls;
drop trigger prewarm_erase on public.organizations;
drop trigger prewarm_erase on public.agents;
drop trigger prewarm_erase on public.phone_numbers;
drop trigger prewarm_erase_truncated on public.calls;
drop trigger refuse_erased on prewarm.call_states;

drop function prewarm.erase_callers, prewarm.erase, prewarm.calls_to_erase, prewarm.erase_org, prewarm.erase_call_states,
  prewarm.erase_events_of_org, prewarm.erase_events,
  prewarm.count_removed, prewarm.refuse_erased, prewarm.erase_numbers, prewarm.erase_agents, prewarm.erase_orgs,
  prewarm.erase_truncated, prewarm.erase_calls, prewarm.erase_contact, prewarm.owe_caller, prewarm.phone_spellings,
  prewarm.phone_digits, prewarm.erased_as, prewarm.bury, prewarm.tombstone_of;
drop table prewarm.erasures, prewarm.tombstones, prewarm.erasure_key;
drop index prewarm.call_states_org;
drop index prewarm.events_org_call;
alter table prewarm.events drop column erased;

drop view prewarm.agents_to_warm;
create view prewarm.agents_to_warm as
  select a.id, a.org_id, a.call_direction, a.name, a.system_prompt, a.first_message, a.voice, a.model,
         case
           when a.vapi_assistant_id <> ''
                and not exists (
                  select
                    from prewarm.source_agents other
                   where other.vapi_assistant_id = a.vapi_assistant_id
                     and other.id < a.id
                )
           then a.vapi_assistant_id
         end as vapi_assistant_id,
         a.config_hash
    from prewarm.source_agents a;

drop view prewarm.contested;
drop function prewarm.owner;
