-- store::source::spread_faults
-- Marks every org for the faults of the source's triggers that name none. The faults of the last minutes, one a row.
select what as "what!", reason as "reason!"
  from prewarm.spread_faults()
 order by what, reason
