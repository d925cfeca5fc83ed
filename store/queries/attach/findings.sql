-- store::attach::check
-- The differences between the source and the map, in a stable order.
select finding as "finding!", source as "source!", seen as "seen!", wanted as "wanted!", remedy as "remedy!"
  from prewarm.source_findings()
 order by source, finding
