-- store::attach::survey
-- What an operator may want to know or do, in words.
select advice as "advice!" from prewarm.attachment_advice()
