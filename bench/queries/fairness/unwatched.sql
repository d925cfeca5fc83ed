-- bench::rows::fairness
-- A table that costs Postgres as much as calls, without our triggers.
create table public.unwatched_calls (like public.calls including all);

alter table public.unwatched_calls
  add foreign key (org_id) references public.organizations (id) on delete cascade,
  add foreign key (contact_id) references public.contacts (id) on delete set null;
