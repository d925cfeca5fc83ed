-- store::attach::survey
-- The first leads of an org, as its panel would show them.
-- $1 org, $2 how many.
select l.contact_name, l.lead_temperature as "temperature", l.follow_up_urgency as "urgency!", l.total_calls as "calls!"
  from prewarm.leads_of($1, statement_timestamp(), null) l
 order by l.urgency_rank, l.lead_score desc nulls last, l.created_at desc nulls last, l.id
 limit $2
