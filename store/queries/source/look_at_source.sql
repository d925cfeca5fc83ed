-- store::source::look_at_source
-- The differences between the source and the map, the oldest first, once they are recorded.
select finding as "finding!", source as "source!", seen as "seen!", wanted as "wanted!", remedy as "remedy!"
  from prewarm.look_at_source()
