-- store::maintenance::maintain
-- Brings what the models of one org are read from up to date at an instant. One row: whether all was made anew.
-- $1 org, $2 instant.
select prewarm.maintain($1, $2) as "anew!"
