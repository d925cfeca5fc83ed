-- store::attach::survey
-- How many contacts there are, and how many of them are leads.
select count(*) as "contacts!", count(*) filter (where is_actionable) as "leads!" from prewarm.source_contacts
