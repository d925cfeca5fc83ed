-- store::source::spread_faults
-- Marks every org for faults of the source's triggers that name none. Returns the remaining faults, one a row.
select what as "what!", reason as "reason!", erasure as "is_erasure!"
  from prewarm.spread_faults()
 order by what, reason
