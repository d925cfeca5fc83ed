-- store::parked::contested
-- How many names at Vapi rows of more than one org bear, by kind.
select count(*) filter (where kind = 'assistant') as "assistants!",
       count(*) filter (where kind = 'number') as "numbers!"
  from prewarm.contested
