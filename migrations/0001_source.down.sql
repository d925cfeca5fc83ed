drop table public.appointments, public.calls, public.phone_numbers, public.agents, public.contacts, public.organizations;
