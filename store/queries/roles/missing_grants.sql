-- store::roles::missing_grants
-- The privileges that this role lacks for a duty, and the statements that give them.
-- $1 duty: api or worker.
select current_user::text as "role!", lacks as "lacks!", remedy as "remedy!"
  from prewarm.missing_grants($1)
