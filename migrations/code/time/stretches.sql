-- The stretches of time that a list walks an index by. Rows at infinity have no instant and come last in every list,
-- though the index has half of them first.
create or replace view prewarm.stretches (since, until) as
  values (timestamptz '4714-11-24 00:00:00+00 BC', timestamptz '294276-12-31 23:59:59.999999+00'),
         (timestamptz 'infinity', timestamptz 'infinity'),
         (timestamptz '-infinity', timestamptz '-infinity');
