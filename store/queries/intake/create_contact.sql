-- store::intake::create_contact
-- A caller that nobody knew is a new lead.
-- $1 org, $2 name, $3 phone, $4 the instant of the contact.
insert into public.contacts (org_id, name, phone, lead_status, last_contact_at)
values ($1, $2, $3, 'new', coalesce($4, statement_timestamp()))
returning id
