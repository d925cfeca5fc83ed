-- The source of a standalone database: the application's own tables. Others write them too, with plain SQL.

create table public.organizations (
  id         uuid        primary key default gen_random_uuid(),
  name       text        not null,
  timezone   text,
  created_at timestamptz not null default now()
);

comment on column public.organizations.timezone is 'IANA name; null or unknown counts as UTC';

create table public.contacts (
  id                uuid        primary key default gen_random_uuid(),
  org_id            uuid        not null references public.organizations on delete cascade,
  name              text,
  phone             text,
  email             text,
  lead_score        int         check (lead_score between 0 and 100),
  lead_status       text        check (lead_status in ('new', 'contacted', 'qualified', 'converted', 'lost')),
  service_interests text[],
  estimated_value   numeric,
  last_contact_at   timestamptz,
  created_at        timestamptz not null default now()
);

comment on column public.contacts.phone is 'E.164; two contacts may share one';
comment on column public.contacts.estimated_value is 'in the org''s currency, whole units';

create index contacts_org_lead_status
  on public.contacts (org_id, lead_status, lead_score desc)
  where lead_status in ('new', 'contacted', 'qualified');

create index contacts_org_phone on public.contacts (org_id, phone);

create table public.agents (
  id                uuid        primary key default gen_random_uuid(),
  org_id            uuid        not null references public.organizations on delete cascade,
  call_direction    text        not null default 'inbound' check (call_direction in ('inbound', 'outbound')),
  name              text        not null,
  system_prompt     text,
  first_message     text,
  voice             jsonb,
  model             jsonb,
  vapi_assistant_id text,
  config_hash       text,
  created_at        timestamptz not null default now(),
  unique (org_id, call_direction)
);

comment on column public.agents.voice is 'Vapi''s own voice object';
comment on column public.agents.model is 'Vapi''s own model object; the system prompt becomes the first of its messages';
comment on column public.agents.config_hash is 'hash of what Vapi holds; the wanted hash is derived from the row';

create index agents_vapi_assistant_id on public.agents (vapi_assistant_id) where vapi_assistant_id is not null;

create table public.phone_numbers (
  id                   uuid        primary key default gen_random_uuid(),
  org_id               uuid        not null references public.organizations on delete cascade,
  phone_number         text,
  vapi_phone_number_id text,
  agent_id             uuid        references public.agents on delete set null,
  created_at           timestamptz not null default now()
);

create index phone_numbers_org_id on public.phone_numbers (org_id);

create index phone_numbers_agent_id on public.phone_numbers (agent_id);

create index phone_numbers_vapi_phone_number_id
  on public.phone_numbers (vapi_phone_number_id)
  where vapi_phone_number_id is not null;

-- The second way in which an incoming call names our number.
create index phone_numbers_phone_number on public.phone_numbers (phone_number) where phone_number is not null;

create table public.calls (
  id               uuid        primary key default gen_random_uuid(),
  org_id           uuid        not null references public.organizations on delete cascade,
  contact_id       uuid        references public.contacts on delete set null,
  vapi_call_id     text        unique,
  phone_number     text,
  call_direction   text        not null default 'inbound' check (call_direction in ('inbound', 'outbound')),
  status           text,
  duration_seconds int,
  sentiment_label  text,
  sentiment_score  numeric,
  summary          text,
  ended_reason     text,
  cost_cents       int,
  is_test_call     boolean     not null default false,
  started_at       timestamptz,
  ended_at         timestamptz,
  created_at       timestamptz not null default now()
);

comment on column public.calls.status is 'free text: queued, in-progress, completed, no-answer, voicemail, transferred, failed, cancelled, …';
comment on column public.calls.sentiment_score is '0 to 1';

-- The list's order, and the newest ten of activity.
create index calls_org_created on public.calls (org_id, created_at desc, id desc);

-- The first pages by direction: the newest twenty outbound calls of an org that has none for a year are one look.
create index calls_org_direction on public.calls (org_id, call_direction, created_at desc, id desc) where not is_test_call;

-- The two ways in which a call belongs to a contact: one index each, with all that the look-up asks for, so that a plan
-- made without statistics scans no org either.
create index calls_contact on public.calls (contact_id, org_id);

create index calls_org_phone on public.calls (org_id, phone_number);

create table public.appointments (
  id           uuid        primary key default gen_random_uuid(),
  org_id       uuid        not null references public.organizations on delete cascade,
  contact_id   uuid        references public.contacts on delete cascade,
  service_type text,
  scheduled_at timestamptz,
  status       text        check (status in ('pending', 'confirmed', 'in_progress', 'completed', 'cancelled', 'no_show')),
  created_at   timestamptz not null default now()
);

-- For the foreign keys.
create index appointments_org on public.appointments (org_id);
create index appointments_contact on public.appointments (contact_id);

-- Appointments that count are few among many that were cancelled, or many of one contact: both look-ups are of live ones
-- alone.
create index appointments_org_live
  on public.appointments (org_id, created_at desc, id desc)
  where status in ('pending', 'confirmed', 'in_progress', 'completed');

create index appointments_contact_live
  on public.appointments (contact_id, org_id, created_at)
  where status in ('pending', 'confirmed', 'in_progress', 'completed');
