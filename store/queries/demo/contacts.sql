-- store::demo::contacts
-- Creates the contacts numbered $2 to $3 of an org. Their values are derived from the number, so a seed can be
-- repeated.
-- $1 org.
with words as (
  select array['Ada', 'Ben', 'Chloé', 'Dmitri', 'Eva', 'Farid', 'Grace', 'Hiro', 'Ines', 'Jonas', 'Kemi', 'Liam', 'Mei',
               'Noor', 'Olu', 'Pia'] as first_names,
         array['Abara', 'Brandt', 'Costa', 'Dubois', 'Eriksen', 'Fischer', 'García', 'Haddad', 'Ito', 'Jensen', 'Kim',
               'Larsen', 'Moreau', 'Novák', 'Okafor', 'Petrov'] as last_names,
         array['new', 'contacted', 'qualified', 'converted', 'lost'] as statuses,
         array['Cleaning', 'Whitening', 'Implant', 'Braces', 'Check-up', 'Botox'] as services
),
numbered as (
  select i, (hashint8(i) & 2147483647) as a, (hashint8(i + 1000003) & 2147483647) as b, (hashint8(i * 31) & 2147483647) as c
    from generate_series($2::bigint, $3::bigint) as i
)
insert into public.contacts (org_id, name, phone, email, lead_score, lead_status, service_interests, estimated_value,
                             last_contact_at, created_at)
select $1,
       concat_ws(' ', first_names[1 + a % 16], last_names[1 + b % 16]),
       concat('+1555', lpad(i::text, 7, '0')),
       concat('contact', i, '@example.com'),
       c % 101,
       statuses[1 + b % 5],
       array[services[1 + a % 6]],
       100 + c % 4900,
       case when a % 10 < 8 then statement_timestamp() - make_interval(mins => b % 43200) end,
       statement_timestamp() - make_interval(mins => 43200 + c % 432000)
  from numbered
 cross join words
