-- Whether a contact of this status is a lead to follow up. Inlined, so that an index with this condition serves.
create or replace function prewarm.is_actionable(lead_status text) returns boolean
language sql immutable return lead_status in ('new', 'contacted', 'qualified');
