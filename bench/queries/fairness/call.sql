-- bench::rows::fairness
-- Inserts a call as another program would.
-- $1 org.
insert into public.calls (org_id, phone_number, duration_seconds, sentiment_score)
values ($1, '+15550000001', 60, 0.5)
