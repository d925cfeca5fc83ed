drop materialized view prewarm.fleet_pulse;
drop view public.view_actionable_leads;
drop view prewarm.source_phone_numbers, prewarm.source_agents, prewarm.source_appointments, prewarm.source_calls,
          prewarm.source_contacts, prewarm.source_organizations;
