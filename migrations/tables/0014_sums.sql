-- Functions that `code/` creates with other types, or no longer. A rebuild between this file and `code/` fails and is retried.
drop function if exists
  prewarm.leads_of(uuid, timestamptz, uuid[]), prewarm.numbers_of(uuid[]), prewarm.sums_by_number(uuid, text[]),
  prewarm.sums_of(uuid), prewarm.hours_of(uuid), prewarm.spans_between(uuid, timestamptz, timestamptz, interval);

drop procedure if exists prewarm.write_above(uuid, int, timestamptz[]);
