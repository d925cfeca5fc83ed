call prewarm.unwatch('public.phone_numbers');
call prewarm.unwatch('public.agents');
call prewarm.unwatch('public.appointments');
call prewarm.unwatch('public.calls');
call prewarm.unwatch('public.contacts');
call prewarm.unwatch('public.organizations');
drop procedure prewarm.watch, prewarm.unwatch;
drop function prewarm.mark_truncated, prewarm.mark_agents_updated, prewarm.mark_organizations_updated,
              prewarm.mark_organizations_deleted, prewarm.mark_organizations_inserted, prewarm.mark_updated,
              prewarm.mark_deleted, prewarm.mark_inserted;
