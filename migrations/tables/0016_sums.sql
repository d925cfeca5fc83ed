-- Sums of an org's calls (without test calls) and live appointments by the time of their creation: by UTC hour, of the
-- hours by day, of the days by month, and of the months by year: a century has 1,200 months. An hour with many is kept by
-- bins of a second too, so that a change reads a bin's calls again. The sums are exact: readers divide them and round once.
create table prewarm.sums (
  org_id           uuid        not null,
  level            smallint    not null,
  start            timestamptz not null,
  total_calls      bigint      not null,
  inbound_calls    bigint      not null,
  outbound_calls   bigint      not null,
  answered_calls   bigint      not null,
  duration_total   bigint      not null,
  duration_calls   bigint      not null,
  sentiment_total  numeric     not null,
  sentiment_calls  bigint      not null,
  successful_calls bigint      not null,
  appointments     bigint      not null,
  primary key (org_id, level, start)
) with (fillfactor = 80);
comment on column prewarm.sums.level is '0 a second, 1 an hour, 2 a day, 3 a month, 4 a year; in UTC';
comment on column prewarm.sums.start is 'its first instant';
