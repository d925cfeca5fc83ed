-- store::leases::take
-- Takes an org's lease, unless another holder has it; the id of the hold. One row if taken. An operator need not wait for
-- the end of a back-off.
-- $1 org, $2 who takes it, $3 seconds, $4 whether for an operator.
select holder as "holder!"
  from prewarm.take_lease($1, $2, make_interval(secs => $3), $4) as taken
 where taken.holder is not null
