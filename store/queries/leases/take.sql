-- store::leases::take
-- Takes an org's lease, unless another holder has it. One row if taken. An org that rests after a long rebuild can be
-- taken: resting keeps it from the queue, not from a reader who would find no blobs. An operator need not wait for the end of
-- a back-off either: no job holds the org meanwhile.
-- $1 org, $2 holder, $3 seconds, $4 whether for an operator.
insert into prewarm.leases as held (org_id, holder, until)
values ($1, $2, statement_timestamp() + make_interval(secs => $3))
    on conflict (org_id) do update
   set holder = excluded.holder,
       starts = prewarm.lease_starts(held.holder, held.starts),
       until = excluded.until
 where held.until <= statement_timestamp()
    or held.holder = 'resting'
    or $4 and held.holder ~ '^[0-9]{1,18}$'
          and not exists (
            select from prewarm.jobs j where j.id = held.holder::bigint and j.state = 'running'
          )
returning starts
