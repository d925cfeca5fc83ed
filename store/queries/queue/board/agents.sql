-- store::queue::board::agents
-- In the order of their ids.
-- $1 stages or null for all, $2 agent or null for all, $3 how many at most, $4 after how many.
select agent_id, org_id, stage, attempts, reason,
       not_before as "not_before: PgTime", synced_at as "synced_at: PgTime"
  from prewarm.assistants
 where ($1::text[] is null or stage = any ($1))
   and ($2::uuid is null or agent_id = $2)
 order by agent_id
 limit $3
offset $4
