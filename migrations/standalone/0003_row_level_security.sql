-- Row level security for roles other than the tables' owner: without a policy they see and write nothing. A grant needs
-- a policy beside it.
alter table public.organizations enable row level security;
alter table public.contacts      enable row level security;
alter table public.calls         enable row level security;
alter table public.appointments  enable row level security;
alter table public.agents        enable row level security;
alter table public.phone_numbers enable row level security;
