-- Makes the sums of some bins of an org again, and the sums above them.
create or replace procedure prewarm.write_sums(org uuid, at timestamptz, bins timestamptz[])
language plpgsql as $$
declare
  -- Hours that are kept by bins and their bins, and hours that are not.
  dense  timestamptz[];
  fine   timestamptz[];
  sparse timestamptz[];
begin
  dense := array(
    select distinct prewarm.hour_of(bin)
      from unnest(bins) as bin
     where (select true from prewarm.sums s where s.org_id = org and s.level = 0 and s.start = prewarm.hour_of(bin))
  );
  sparse := array(select distinct prewarm.hour_of(bin) from unnest(bins) as bin where prewarm.hour_of(bin) <> all (dense));
  fine := array(select bin from unnest(bins) as bin where prewarm.hour_of(bin) = any (dense));
  call prewarm.write_spans(org, fine, sparse);
  if cardinality(dense) > 0 then
    call prewarm.write_level(org, 1, dense);
  end if;
  call prewarm.write_above(org, dense || sparse);
  dense := prewarm.newly_dense(org, at, sparse);
  if cardinality(dense) > 0 then
    call prewarm.write_bins(org, dense);
  end if;
end $$;
