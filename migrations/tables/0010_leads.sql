-- A lead's columns have one definition, prewarm.leads_of: none of them is generated, so that its rows are the table's.
alter table prewarm.actionable_leads
  alter column avg_call_duration drop expression,
  alter column sentiment_trend drop expression,
  alter column lead_temp drop expression;

-- Its type changes. A rebuild that comes before `code/` makes it again fails, and is tried again.
drop function if exists prewarm.leads_of(uuid, timestamptz, uuid[]);

-- The newest hot leads, for activity. Which ones are hot is said by their temperature.
drop index prewarm.actionable_leads_hot;

create index actionable_leads_hot
  on prewarm.actionable_leads (org_id, (coalesce(last_contact_at, created_at)) desc nulls last, id desc)
  where lead_temperature = 'hot';
