-- bench::rows::fairness
-- Inserts the same call into the table without triggers.
-- $1 org.
insert into unwatched_calls (org_id, phone_number, duration_seconds, sentiment_score)
values ($1, '+15550000001', 60, 0.5)
