-- store::attach::survey
-- What is wrong with a map that has been laid out, in the order of its sources. Triggers are not wanted yet.
select finding as "finding!", source as "source!", seen as "seen!", wanted as "wanted!", remedy as "remedy!"
  from (
    select * from prewarm.map_findings()
    union all
    select * from prewarm.zone_findings()
    union all
    select * from prewarm.table_findings()
    union all
    select * from prewarm.trigger_obstacles()
    union all
    select * from prewarm.reading_findings()
    union all
    select * from prewarm.writing_findings()
    union all
    select * from prewarm.marking_findings()
  ) f
 order by array_position(array(select s.source from prewarm.sources() s), source), finding
