-- The functions prewarm.read_<source>(), which the views prewarm.source_… read. prewarm.put_readers gives them their bodies.
call prewarm.put_reader('organizations', 'select');
call prewarm.put_reader('contacts', 'select');
call prewarm.put_reader('calls', 'select');
call prewarm.put_reader('appointments', 'select');
call prewarm.put_reader('agents', 'select');
call prewarm.put_reader('phone_numbers', 'select');
