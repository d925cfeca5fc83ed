-- store::parked::contested
-- Counts Vapi's ids that rows of more than one org name, by kind.
select count(*) filter (where kind = 'assistant') as "assistants!",
       count(*) filter (where kind = 'number') as "numbers!"
  from prewarm.contested
