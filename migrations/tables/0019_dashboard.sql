-- A dashboard is joined of its panels where it is read.
delete from prewarm.blobs where model = 'dashboard';
