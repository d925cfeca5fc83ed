-- bench::rows::shapes
-- Inserts 100,000 calls of those contacts, by their numbers, in one statement.
-- $1 org.
insert into public.calls (org_id, phone_number, call_direction, status, duration_seconds, sentiment_label, sentiment_score,
                          summary, started_at, created_at)
select $1, concat('+1555', lpad((1 + i % 20000)::text, 7, '0')),
       case when i % 4 > 0 then 'inbound' else 'outbound' end, 'completed', 20 + i % 600, 'positive', 0.5,
       'Asked about prices and opening hours.', at, at
  from generate_series(1, 100000) as i
 cross join lateral (select statement_timestamp() - make_interval(mins => i) as at) as instants
