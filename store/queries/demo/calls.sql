-- store::demo::calls
-- Creates $4 calls for each contact in a range of phone numbers.
-- $1 org, $2 and $3 the first and the last phone number.
with words as (
  select array['completed', 'completed', 'completed', 'no-answer', 'voicemail', 'transferred'] as statuses,
         array['positive', 'neutral', 'negative'] as labels,
         array['Asked about prices and opening hours.', 'Booked an appointment for next week.', 'Wants a call back from a person.',
               'Had a question about aftercare.'] as summaries
),
numbered as (
  select c.id as contact_id, c.phone, i,
         (hashtextextended(c.phone, i) & 2147483647)::int as a,
         (hashtextextended(c.phone, i + 7919) & 2147483647)::int as b
    from public.contacts c
   cross join generate_series(1, $4::int) as i
   where c.org_id = $1
     and c.phone between $2 and $3
)
insert into public.calls (org_id, contact_id, vapi_call_id, phone_number, call_direction, status, duration_seconds,
                          sentiment_label, sentiment_score, summary, ended_reason, cost_cents, started_at, ended_at, created_at)
select $1,
       case when a % 3 > 0 then contact_id end,
       concat('demo-', $1::text, '-', phone, '-', i),
       phone,
       case when b % 4 > 0 then 'inbound' else 'outbound' end,
       statuses[1 + a % 6],
       case when a % 6 = 3 then 0 else 20 + b % 600 end,
       labels[1 + b % 3],
       round((a % 101) / 100.0, 2),
       summaries[1 + a % 4],
       'customer-ended-call',
       5 + b % 80,
       at,
       at + make_interval(secs => 20 + b % 600),
       at
  from numbered
 cross join words
 cross join lateral (select statement_timestamp() - make_interval(mins => a % 86400) as at) as instants
