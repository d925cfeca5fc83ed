-- bench::rows::shapes
-- Inserts 20,000 contacts of an org in one statement.
-- $1 org.
insert into public.contacts (org_id, name, phone, lead_score, lead_status, estimated_value, created_at)
select $1, concat('Contact ', i), concat('+1555', lpad(i::text, 7, '0')), i % 101,
       (array['new', 'contacted', 'qualified', 'converted', 'lost'])[1 + i % 5], 100 + i % 4900,
       statement_timestamp() - make_interval(mins => i)
  from generate_series(1, 20000) as i
