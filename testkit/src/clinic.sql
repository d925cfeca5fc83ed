-- A clinics' product on Supabase as maps/clinic.toml expects it: its own view of leads, checks, an enum, soft deletes, row level
-- security on every table, and a function of a name that others have taken before.
create type public.appointment_status as enum ('pending', 'confirmed', 'in_progress', 'completed', 'cancelled', 'no_show');

create table public.organizations (
  id         uuid primary key default gen_random_uuid(),
  name       text not null,
  email      text unique,
  plan       text default 'starter' check (plan in ('starter', 'professional', 'enterprise', 'prepaid')),
  timezone   text default 'UTC',
  settings   jsonb default '{}',
  created_at timestamptz default now()
);

create table public.contacts (
  id                uuid primary key default gen_random_uuid(),
  org_id            uuid not null,
  name              text not null constraint contacts_name_must_be_real
                      check (length(name) >= 2 and name not in ('Unknown', 'Unknown Caller')),
  phone             text not null constraint contacts_phone_must_be_e164 check (phone ~ '^\+[1-9][0-9]{1,14}$'),
  email             text,
  service_interests text[] default '{}',
  lead_status       text constraint contacts_lead_status_check check (lead_status in ('hot', 'warm', 'cold')),
  lead_score        int default 0,
  last_contacted_at timestamptz,
  booking_source    text,
  notes             text,
  metadata          jsonb,
  created_at        timestamptz default now(),
  updated_at        timestamptz default now(),
  unique (org_id, phone)
);

create table public.calls (
  id                uuid primary key default gen_random_uuid(),
  org_id            uuid not null references public.organizations on delete cascade,
  contact_id        uuid references public.contacts on delete set null,
  vapi_call_id      text not null unique default gen_random_uuid()::text,
  call_direction    text not null check (call_direction in ('inbound', 'outbound')),
  call_type         text not null default 'inbound',
  from_number       text,
  to_number         text,
  phone_number      text,
  start_time        timestamptz,
  end_time          timestamptz,
  duration_seconds  int,
  status            text,
  transcript        text,
  sentiment_label   text,
  sentiment_score   numeric,
  sentiment_summary text,
  metadata          jsonb default '{}',
  is_test_call      boolean default false,
  cost_cents        int default 0,
  ended_reason      text,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now()
);

create index idx_calls_contact_id on public.calls (contact_id) where contact_id is not null;
create index idx_calls_org_created on public.calls (org_id, created_at desc);

create table public.appointments (
  id           uuid primary key default gen_random_uuid(),
  org_id       uuid,
  contact_id   uuid references public.contacts on delete cascade,
  service_type text not null,
  scheduled_at timestamptz not null,
  status       public.appointment_status default 'pending',
  created_at   timestamptz default now(),
  deleted_at   timestamptz
);

create table public.agents (
  id                uuid primary key default gen_random_uuid(),
  org_id            uuid,
  name              text not null,
  system_prompt     text not null,
  role              text default 'inbound',
  vapi_assistant_id text,
  voice             text,
  first_message     text,
  constraint agents_org_id_role_unique unique (org_id, role)
);

create view public.view_actionable_leads as
  select id, org_id, phone, name, lead_status from public.contacts where lead_status in ('hot', 'warm');

create function public.generate_ulid() returns text language sql as $$ select 'theirs' $$;

create function public.touch() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end $$;

create trigger contacts_touch before update on public.contacts for each row execute function public.touch();

do $$
declare
  one text;
begin
  foreach one in array array['organizations', 'contacts', 'calls', 'appointments', 'agents'] loop
    execute format('alter table public.%I enable row level security', one);
    execute format('create policy own on public.%I for all using (false)', one);
  end loop;
end $$;
