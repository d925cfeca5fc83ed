-- store::source::observes
-- Whether the source is only observed.
select s.map ->> 'mode' = 'observe' as observes from prewarm.schema s
