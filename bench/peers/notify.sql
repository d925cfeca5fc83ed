-- The ids, phone numbers and reports of the events that notify.pgbench writes.
drop schema if exists peer cascade;
create schema peer;

create function peer.org(number int) returns uuid
language sql immutable return ('00000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid;

create function peer.phone(number int) returns text
language sql immutable return '+1555' || lpad(number::text, 7, '0');

create function peer.report(id bigint, assistant text, phone text) returns jsonb
language sql stable return jsonb_build_object('message', jsonb_build_object(
  'type', 'end-of-call-report',
  'timestamp', 1000 * extract(epoch from now())::bigint,
  'startedAt', now() - interval '90 seconds',
  'endedAt', now(),
  'endedReason', 'customer-ended-call',
  'cost', 0.21,
  'analysis', jsonb_build_object(
    'summary', 'Asked for an appointment on Thursday afternoon.',
    'structuredData', jsonb_build_object('sentimentScore', 0.8, 'sentimentLabel', 'positive')
  ),
  'call', jsonb_build_object(
    'id', 'peer-' || id, 'type', 'inboundPhoneCall', 'assistantId', assistant,
    'customer', jsonb_build_object('number', phone)
  )
));
