-- A database of the last schema that numbered migrations made, 0001 to 0023, with a few rows: pg_dump --inserts --no-owner,
-- without its comments, and without the extensions hstore and pgcrypto, so that it loads where none can be created: a
-- column of hstore is jsonb here. What prewarm migrate makes of it is compared with a schema from nothing.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE SCHEMA apalis;

CREATE SCHEMA prewarm;

CREATE FUNCTION apalis.generate_ulid() RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
  -- Crockford's Base32
  encoding   BYTEA = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  timestamp  BYTEA = E'\\000\\000\\000\\000\\000\\000';
  output     TEXT = '';

  unix_time  BIGINT;
  ulid       BYTEA;
  rand       BYTEA;
BEGIN
  -- 6 timestamp bytes
  unix_time = (EXTRACT(EPOCH FROM CLOCK_TIMESTAMP()) * 1000)::BIGINT;
  timestamp = SET_BYTE(timestamp, 0, (unix_time >> 40)::BIT(8)::INTEGER);
  timestamp = SET_BYTE(timestamp, 1, (unix_time >> 32)::BIT(8)::INTEGER);
  timestamp = SET_BYTE(timestamp, 2, (unix_time >> 24)::BIT(8)::INTEGER);
  timestamp = SET_BYTE(timestamp, 3, (unix_time >> 16)::BIT(8)::INTEGER);
  timestamp = SET_BYTE(timestamp, 4, (unix_time >> 8)::BIT(8)::INTEGER);
  timestamp = SET_BYTE(timestamp, 5, unix_time::BIT(8)::INTEGER);

  -- 10 entropy bytes, taken from a core gen_random_uuid(). Bytes 1-6 and 11-14
  -- of the UUID are fully random (we skip the version/variant bytes at offsets
  -- 7 and 9), preserving the full 80 bits of ULID entropy.
  rand = uuid_send(gen_random_uuid());
  ulid = timestamp || substr(rand, 1, 6) || substr(rand, 11, 4);

  -- Encode the timestamp
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 0) & 224) >> 5));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 0) & 31)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 1) & 248) >> 3));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 1) & 7) << 2) | ((GET_BYTE(ulid, 2) & 192) >> 6)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 2) & 62) >> 1));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 2) & 1) << 4) | ((GET_BYTE(ulid, 3) & 240) >> 4)));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 3) & 15) << 1) | ((GET_BYTE(ulid, 4) & 128) >> 7)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 4) & 124) >> 2));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 4) & 3) << 3) | ((GET_BYTE(ulid, 5) & 224) >> 5)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 5) & 31)));

  -- Encode the entropy
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 6) & 248) >> 3));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 6) & 7) << 2) | ((GET_BYTE(ulid, 7) & 192) >> 6)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 7) & 62) >> 1));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 7) & 1) << 4) | ((GET_BYTE(ulid, 8) & 240) >> 4)));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 8) & 15) << 1) | ((GET_BYTE(ulid, 9) & 128) >> 7)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 9) & 124) >> 2));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 9) & 3) << 3) | ((GET_BYTE(ulid, 10) & 224) >> 5)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 10) & 31)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 11) & 248) >> 3));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 11) & 7) << 2) | ((GET_BYTE(ulid, 12) & 192) >> 6)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 12) & 62) >> 1));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 12) & 1) << 4) | ((GET_BYTE(ulid, 13) & 240) >> 4)));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 13) & 15) << 1) | ((GET_BYTE(ulid, 14) & 128) >> 7)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 14) & 124) >> 2));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 14) & 3) << 3) | ((GET_BYTE(ulid, 15) & 224) >> 5)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 15) & 31)));

  RETURN output;
END
$$;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE apalis.jobs (
    job bytea NOT NULL,
    id text NOT NULL,
    job_type text NOT NULL,
    status text DEFAULT 'Pending'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    max_attempts integer DEFAULT 25 NOT NULL,
    run_at timestamp with time zone DEFAULT now() NOT NULL,
    last_result jsonb,
    lock_at timestamp with time zone,
    lock_by text,
    done_at timestamp with time zone,
    priority integer DEFAULT 0,
    idempotency_key text,
    metadata jsonb
);

CREATE FUNCTION apalis.get_jobs(worker_id text, v_job_type text, v_job_count integer DEFAULT 5) RETURNS SETOF apalis.jobs
    LANGUAGE sql
    AS $$
    WITH jobs AS (
        SELECT id
        FROM apalis.jobs
        WHERE
            (
                status = 'Pending'
                OR (
                    status = 'Failed'
                    AND attempts < max_attempts
                )
            )
            AND run_at < now()
            AND job_type = v_job_type
        ORDER BY priority DESC, run_at ASC
        LIMIT v_job_count
        FOR UPDATE SKIP LOCKED
    )
    UPDATE apalis.jobs j
    SET
        status = 'Queued',
        lock_by = worker_id,
        lock_at = now()
    FROM jobs
    WHERE j.id = jobs.id
    RETURNING j.*;
$$;

CREATE FUNCTION apalis.notify_new_jobs() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.run_at <= now() THEN
        PERFORM pg_notify(
            'apalis::job::insert',
            json_build_object(
                'job_type', NEW.job_type,
                'id', NEW.id,
                'run_at', NEW.run_at
            )::text
        );
    END IF;
    RETURN NEW;
END;
$$;

CREATE FUNCTION apalis.push_job(job_type text, job json DEFAULT NULL::json, status text DEFAULT 'Pending'::text, run_at timestamp with time zone DEFAULT now(), max_attempts integer DEFAULT 25, priority integer DEFAULT 0) RETURNS apalis.jobs
    LANGUAGE plpgsql
    AS $$

        DECLARE
            v_job_row apalis.jobs;
            v_job_id text;

        BEGIN
        IF job_type is not NULL and length(job_type) > 512 THEN raise exception 'Job_type is too long (max length: 512).' USING errcode = 'APAJT';
        END IF;

        IF max_attempts < 1 THEN raise exception 'Job maximum attempts must be at least 1.' USING errcode = 'APAMA';
        end IF;

        SELECT
            apalis.generate_ulid() INTO v_job_id;
        INSERT INTO
            apalis.jobs
        VALUES
            (
                job,
                v_job_id,
                job_type,
                status,
                0,
                max_attempts,
                run_at,
                NULL,
                NULL,
                NULL,
                NULL,
                priority
            )
            returning * INTO v_job_row;
            RETURN v_job_row;
END;
$$;

CREATE FUNCTION prewarm.agent_of(subject text) RETURNS uuid
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN (subject ~ '^prewarm:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'::text) THEN (substr(subject, 9))::uuid ELSE NULL::uuid END;

COMMENT ON FUNCTION prewarm.agent_of(subject text) IS 'the agent that a job is about; null for a job about none';

CREATE FUNCTION prewarm.backoff(attempts integer) RETURNS interval
    LANGUAGE sql
    RETURN (LEAST(('00:00:00.5'::interval * power((2)::double precision, ((LEAST(attempts, 20) - 1))::double precision)), '00:01:00'::interval) * ((0.75)::double precision + (random() / (2)::double precision)));

COMMENT ON FUNCTION prewarm.backoff(attempts integer) IS 'the pause after so many attempts, spread by a quarter to both sides';

CREATE FUNCTION prewarm.begin_installation() RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  insert into prewarm.installation as held (epoch, database, timeline, system_identifier)
  select greatest(extract(epoch from clock_timestamp())::bigint,
                  1 + coalesce((select max(i.epoch) from prewarm.installation i), 0),
                  1 + coalesce((select max(v.epoch) from prewarm.versions v), 0)),
         prewarm.database_oid(), prewarm.timeline(), prewarm.system_identifier()
      on conflict (singleton) do update
     set (id, epoch, xid, database, timeline, system_identifier)
       = (excluded.id, excluded.epoch, excluded.xid, excluded.database, excluded.timeline, excluded.system_identifier)
$$;

CREATE FUNCTION prewarm.first_instant() RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE
    RETURN '0001-01-01 00:00:00+00'::timestamp with time zone;

CREATE FUNCTION prewarm.last_instant() RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE
    RETURN '9999-12-30 22:00:00+00'::timestamp with time zone;

CREATE FUNCTION prewarm.timeless() RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE
    RETURN '4713-01-01 00:00:00+00 BC'::timestamp with time zone;

CREATE FUNCTION prewarm.bin_of(at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN ((at >= prewarm.first_instant()) AND (at < prewarm.last_instant())) THEN date_bin('00:00:10'::interval, at, '2000-01-01 00:00:00+00'::timestamp with time zone) ELSE prewarm.timeless() END;

CREATE FUNCTION prewarm.bucket_of(contact uuid) RETURNS integer
    LANGUAGE sql IMMUTABLE
    RETURN (uuid_hash(contact) & 1023);

CREATE FUNCTION prewarm.bury(names text[], kind text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into prewarm.tombstones as held (hash, kind)
  select distinct prewarm.tombstone_of(name), bury.kind
    from unnest(names) as name
   where name is not null
   order by 1
      on conflict (hash) do update
     set made_at = excluded.made_at,
         kind = least(held.kind, excluded.kind);
end $$;

CREATE TABLE prewarm.erasures (
    id bigint NOT NULL,
    what text NOT NULL,
    org_id uuid NOT NULL,
    contact_id uuid,
    calls text[] DEFAULT '{}'::text[] NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    requested_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    erased_at timestamp with time zone,
    done_at timestamp with time zone,
    removed jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT erasures_what_check CHECK ((what = ANY (ARRAY['org'::text, 'caller'::text, 'calls'::text, 'lost calls'::text])))
);

COMMENT ON COLUMN prewarm.erasures.what IS 'org; caller: who made these calls, and what was said; calls: these; lost calls: those of the org that have no row any more';

COMMENT ON COLUMN prewarm.erasures.calls IS 'Vapi''s ids; none once they are erased';

COMMENT ON COLUMN prewarm.erasures.erased_at IS 'when Postgres held nothing of it but an older blob';

COMMENT ON COLUMN prewarm.erasures.done_at IS 'when no blob showed it any more, here or in Redis';

COMMENT ON COLUMN prewarm.erasures.removed IS 'rows by place';

CREATE FUNCTION prewarm.calls_to_erase(e prewarm.erasures, n integer) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return case e.what
           when 'org' then array(select s.vapi_call_id from prewarm.call_states s where s.org_id = e.org_id limit n)
           when 'lost calls' then array(
             select s.vapi_call_id
               from prewarm.call_states s
              where s.org_id = e.org_id
                and not exists (select from prewarm.source_calls c where c.vapi_call_id = s.vapi_call_id)
              limit n
           )
           else e.calls[1:n]
         end;
end $$;

CREATE FUNCTION prewarm.claim(worker text, queue text, n integer, lease interval) RETURNS TABLE(id text, job bytea, attempts integer, more boolean)
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  waits boolean;
  orgs  uuid[];
begin
  if not exists (select from prewarm.due_jobs d where d.job_type = queue and d.priority >= 0) then
    waits := exists (select from prewarm.due_jobs d where d.job_type = queue);
    if queue = 'rebuild' then
      if exists (select from prewarm.owed) then
        if pg_try_advisory_xact_lock(hashtext('prewarm.fold')) then
          orgs := prewarm.owed_orgs();
          if cardinality(orgs) = 1 then
            return query select s.id, s.job, s.attempts, waits from prewarm.start(orgs[1], worker, lease) s;
            if found then
              return;
            end if;
          end if;
          perform prewarm.fold(orgs);
        elsif not waits then
          return;
        end if;
      elsif not waits then
        if not exists (select from prewarm.backfill b where b.next_org is not null)
           or not pg_try_advisory_xact_lock(hashtext('prewarm.fold')) then
          return;
        end if;
        perform prewarm.walk();
      end if;
    elsif not waits then
      return;
    end if;
  end if;
  return query select t.id, t.job, t.attempts, true from prewarm.take(worker, queue, n, lease) t;
end $$;

CREATE FUNCTION prewarm.claim_prewarms(worker text, n integer, lease interval) RETURNS SETOF apalis.jobs
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if not exists (select from prewarm.due_prewarms d where not d.is_test_call) then
    if exists (select from prewarm.agent_marks)
       and pg_try_advisory_xact_lock(hashtext('prewarm.fold_agents')) then
      perform prewarm.fold_agents();
    elsif not exists (select from prewarm.due_prewarms) then
      return;
    end if;
  end if;
  return query
  with running as (
    select count(*) filter (where j.idempotency_key like 'test\_call:%') as test_calls, count(*) as jobs
      from apalis.jobs j
     where j.lock_by = worker
       and j.status = 'Running'
  ),
  due as (
    select d.id, prewarm.agent_of(d.subject) as agent_id
      from prewarm.due_prewarms d
     where case
             when d.is_test_call then (select r.test_calls from running r)
             else (select r.jobs - r.test_calls from running r)
           end < prewarm.prewarm_places()
     order by d.priority desc, d.run_at
     limit n
       for update skip locked
  ),
  reserved as (
    insert into prewarm.assistants as held (agent_id, until)
    select due.agent_id, now() + lease
      from due
     where due.agent_id is not null
        on conflict (agent_id) do update
       set holder = null,
           until = excluded.until
     where held.until is null
        or held.until <= now()
  )
  update apalis.jobs j
     set status = 'Running',
         attempts = j.attempts + 1,
         lock_by = worker,
         lock_at = now(),
         done_at = null,
         idempotency_key = j.idempotency_key || '#' || j.id
   where j.id = any (array(select due.id from due))
  returning j.*;
end $$;

CREATE FUNCTION prewarm.close_test_calls(agent uuid DEFAULT NULL::uuid) RETURNS SETOF uuid
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update prewarm.test_calls t
     set stage = case t.stage when 'ready' then 'ended' else 'failed' end,
         reason = case
                    when t.stage = 'ready' then null
                    when prewarm.prewarms() then 'Nobody could take the call. Please try again.'
                    else 'No worker is connected to Vapi: none that runs has a VAPI_API_KEY.'
                  end,
         changed_at = now()
   where t.stage in ('preparing', 'connecting', 'ready')
     and (agent is null or t.agent_id = agent)
     and case t.stage
           when 'ready' then
             t.changed_at < now() - prewarm.test_call_joins()
             or exists (
               select
                 from prewarm.source_calls c
                where c.vapi_call_id = t.vapi_call_id
                  and c.status not in ('scheduled', 'queued', 'ringing')
             )
           else
             t.created_at < now() - prewarm.test_call_waits()
             or (t.created_at < now() - prewarm.test_call_patience() and not prewarm.prewarms())
         end
  returning t.id
$$;

CREATE FUNCTION prewarm.instant(at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN isfinite(at) THEN LEAST(GREATEST(at, prewarm.first_instant()), prewarm.last_instant()) ELSE NULL::timestamp with time zone END;

COMMENT ON FUNCTION prewarm.instant(at timestamp with time zone) IS 'an instant as models show it: null for infinity, and the nearest one that can be written';

CREATE TABLE public.contacts (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    name text,
    phone text,
    email text,
    lead_score integer,
    lead_status text,
    service_interests text[],
    estimated_value numeric,
    last_contact_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT contacts_lead_score_check CHECK (((lead_score >= 0) AND (lead_score <= 100))),
    CONSTRAINT contacts_lead_status_check CHECK ((lead_status = ANY (ARRAY['new'::text, 'contacted'::text, 'qualified'::text, 'converted'::text, 'lost'::text])))
);

COMMENT ON COLUMN public.contacts.phone IS 'E.164; two contacts may share one';

COMMENT ON COLUMN public.contacts.estimated_value IS 'in the org''s currency, whole units';

CREATE VIEW prewarm.source_contacts AS
 SELECT contacts.id,
    contacts.org_id,
    "left"(contacts.name, 512) AS name,
    contacts.phone,
    "left"(contacts.email, 512) AS email,
    contacts.lead_score,
    contacts.lead_status,
        CASE
            WHEN (contacts.service_interests IS NOT NULL) THEN ARRAY( SELECT "left"(interest.interest, 512) AS "left"
               FROM unnest(contacts.service_interests) interest(interest))
            ELSE NULL::text[]
        END AS service_interests,
        CASE
            WHEN ((contacts.estimated_value > '-1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000'::numeric) AND (contacts.estimated_value < '1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000'::numeric)) THEN contacts.estimated_value
            ELSE NULL::numeric
        END AS estimated_value,
    prewarm.instant(contacts.last_contact_at) AS last_contact_at,
    prewarm.instant(contacts.created_at) AS created_at
   FROM public.contacts;

CREATE FUNCTION prewarm.contacts_of_leads(org uuid, touched uuid[]) RETURNS SETOF prewarm.source_contacts
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if touched is null then
    return query
    select *
      from prewarm.source_contacts c
     where c.org_id = org
       and c.lead_status in ('new', 'contacted', 'qualified');
  else
    return query
    select c.*
      from unnest(touched) as one (id)
     cross join lateral (
       select *
         from prewarm.source_contacts s
        where s.id = one.id
          and s.org_id is not distinct from org
          and s.lead_status in ('new', 'contacted', 'qualified')
        limit 1
     ) c;
  end if;
end $$;

CREATE FUNCTION prewarm.count_removed(erasure bigint, place text, rows bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update prewarm.erasures e
     set removed = e.removed || jsonb_build_object(place, coalesce((e.removed ->> place)::bigint, 0) + rows)
   where e.id = erasure
     and rows > 0;
end $$;

CREATE FUNCTION prewarm.database_oid() RETURNS oid
    LANGUAGE sql STABLE
    RETURN (SELECT d.oid FROM pg_database d WHERE (d.datname = current_database()));

CREATE FUNCTION prewarm.dense_hour() RETURNS bigint
    LANGUAGE sql IMMUTABLE
    RETURN 60;

CREATE FUNCTION prewarm.done(job_id text, worker text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  ended apalis.jobs;
  took  interval;
begin
  update apalis.jobs j
     set status = 'Done', done_at = now(), last_result = '{"Ok": null}'
   where j.id = job_id and j.lock_by = worker and j.status = 'Running'
  returning * into ended;
  if not found then
    return;
  end if;
  -- Not since the claim: the end may have been told late, because the database was away.
  took := (select v.took from prewarm.versions v where v.org_id = prewarm.org_of(split_part(ended.idempotency_key, '#', 1)));
  if took > prewarm.long_rebuild() then
    update prewarm.leases l
       set holder = 'resting', starts = 1, until = now() + least(took, interval '1 minute')
     where l.holder = job_id;
  else
    delete from prewarm.leases l where l.holder = job_id;
  end if;
  delete from apalis.jobs dead
   where dead.job_type = ended.job_type
     and dead.idempotency_key = split_part(ended.idempotency_key, '#', 1) || '#dead';
end $$;

CREATE FUNCTION prewarm.erase(erasure bigint, n integer) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  e      prewarm.erasures;
  calls  text[];
  is_all boolean;
  gone   bigint;
begin
  select * into e from prewarm.erasures owed where owed.id = erasure and owed.erased_at is null for update skip locked;
  if not found then
    return null;
  end if;
  perform set_config('prewarm.erasing', 'on', true);
  calls := prewarm.calls_to_erase(e, n);
  is_all := case when e.what in ('org', 'lost calls') then cardinality(calls) < n else cardinality(e.calls) <= n end;
  if e.what in ('org', 'lost calls') then
    perform prewarm.bury(array(select 'call ' || call from unnest(calls) as call), 'call');
  end if;
  perform prewarm.erase_events(e, calls);
  perform prewarm.erase_call_states(e, calls);
  if e.what = 'org' then
    is_all := prewarm.erase_events_of_org(e, n * 10) < n * 10 and is_all;
  end if;
  if not is_all then
    update prewarm.erasures owed set calls = e.calls[n + 1:] where owed.id = erasure;
    return false;
  end if;
  if e.what = 'org' then
    perform prewarm.erase_org(e);
  end if;
  delete from prewarm.actionable_leads l where l.id = e.contact_id and l.org_id = e.org_id;
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'actionable_leads', gone);
  update prewarm.erasures owed set erased_at = statement_timestamp(), calls = '{}', contact_id = null where owed.id = erasure;
  return true;
end $$;

CREATE FUNCTION prewarm.erase_agents() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform prewarm.bury(
    array(
      select 'assistant ' || gone.vapi_assistant_id
        from old_rows gone
       where not exists (select from prewarm.source_organizations o where o.id = gone.org_id)
    ), 'call');
  return null;
end $$;

CREATE FUNCTION prewarm.erase_call_states(e prewarm.erasures, of_calls text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  gone bigint;
begin
  if e.what = 'caller' then
    update prewarm.call_states s
       set state = s.state - '{customer_number,customer_name,summary}'::text[]
     where s.vapi_call_id = any (of_calls)
       and s.org_id = e.org_id
       and s.state ?| '{customer_number,customer_name,summary}'::text[];
  else
    delete from prewarm.call_states s where s.vapi_call_id = any (of_calls) and s.org_id = e.org_id;
  end if;
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'call_states', gone);
end $$;

CREATE FUNCTION prewarm.erase_callers(contacts uuid[], spellings text[], names text[], in_org uuid) RETURNS TABLE(place text, removed bigint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  theirs uuid[];
begin
  theirs := array(
    select c.id from public.calls c where c.contact_id = any (contacts)
    union
    select c.id
      from prewarm.source_organizations o
     cross join lateral (
       select id from public.calls where org_id = o.id and phone_number = any (spellings)
     ) c
     where in_org is null or o.id = in_org
  );
  perform prewarm.owe_caller(c.org_id, null, array_agg(c.vapi_call_id) filter (where c.vapi_call_id is not null), names)
     from public.calls c
    where c.id = any (theirs)
    group by c.org_id
   having count(c.vapi_call_id) > 0;
  perform prewarm.bury(names, 'caller');
  place := 'appointments';
  select count(*) into removed from public.appointments a where a.contact_id = any (contacts);
  return next;
  place := 'calls';
  update public.calls c set phone_number = null, summary = null, contact_id = null where c.id = any (theirs);
  get diagnostics removed = row_count;
  return next;
  place := 'contacts';
  delete from public.contacts c where c.id = any (contacts);
  get diagnostics removed = row_count;
  return next;
end $$;

CREATE FUNCTION prewarm.erase_calls() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into prewarm.erasures (what, org_id, calls)
  select 'calls', gone.org_id, array_agg(gone.vapi_call_id)
    from old_rows gone
   where gone.vapi_call_id is not null
     and exists (select from prewarm.source_organizations o where o.id = gone.org_id)
   group by gone.org_id;
  if found then
    perform prewarm.bury(array(select 'call ' || gone.vapi_call_id from old_rows gone), 'call');
  end if;
  return null;
end $$;

CREATE FUNCTION prewarm.erase_contact() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  spellings text[] := prewarm.phone_spellings(old.phone);
  names     text[] := array['phone ' || old.org_id || ' ' || old.phone,
                            'phone ' || old.org_id || ' ' || prewarm.phone_digits(old.phone)];
begin
  -- The org goes with all it has.
  if not exists (select from prewarm.source_organizations o where o.id = old.org_id) then
    return old;
  end if;
  if exists (
       select
         from prewarm.source_contacts c
        where c.org_id = old.org_id and c.phone = any (spellings) and c.id <> old.id
     )
  then
    spellings := '{}';
    names := '{}';
  end if;
  perform prewarm.owe_caller(
    old.org_id, old.id,
    array(
      select c.vapi_call_id
        from prewarm.source_calls c
       where c.contact_id = old.id and c.org_id = old.org_id and c.vapi_call_id is not null
      union
      select c.vapi_call_id
        from prewarm.source_calls c
       where c.org_id = old.org_id and c.phone_number = any (spellings) and c.vapi_call_id is not null
    ),
    case when spellings = '{}' then '{}' else names end);
  return old;
end $$;

CREATE FUNCTION prewarm.erase_events(e prewarm.erasures, of_calls text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  gone bigint;
begin
  update prewarm.events
     set body = null, erased = case e.what when 'caller' then 'caller' else 'call' end
   where id in (
           select ev.id
             from unnest(of_calls) as call
            cross join lateral (
              select known.id from prewarm.events known
               where known.org_id = e.org_id and known.vapi_call_id = call and known.body is not null
              union all
              select known.id from prewarm.events known
               where known.org_id is null and known.vapi_call_id = call and known.body is not null
            ) ev
         );
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'events', gone);
end $$;

CREATE FUNCTION prewarm.erase_events_of_org(e prewarm.erasures, n integer) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  gone bigint;
begin
  update prewarm.events
     set body = null, erased = 'call'
   where id in (select ev.id from prewarm.events ev where ev.org_id = e.org_id and ev.body is not null limit n);
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'events', gone);
  return gone;
end $$;

CREATE FUNCTION prewarm.erase_numbers() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform prewarm.bury(
    array(
      select 'number ' || gone.vapi_phone_number_id
        from old_rows gone
       where not exists (select from prewarm.source_organizations o where o.id = gone.org_id)
    ), 'call');
  return null;
end $$;

CREATE FUNCTION prewarm.erase_org(e prewarm.erasures) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  gone bigint;
begin
  delete from prewarm.actionable_leads l where l.org_id = e.org_id;
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'actionable_leads', gone);
  delete from prewarm.blobs b where b.org_id = e.org_id;
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'blobs', gone);
  delete from prewarm.test_calls t where t.org_id = e.org_id;
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'test_calls', gone);
  delete from apalis.jobs j
   where j.status = 'Killed'
     and j.idempotency_key in (
           select 'rebuild:' || e.org_id || '#dead'
           union all
           select 'prewarm:' || s.agent_id || '#dead' from prewarm.assistants s where s.org_id = e.org_id
         );
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'dead_letters', gone);
end $$;

CREATE FUNCTION prewarm.erase_orgs() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into prewarm.erasures (what, org_id) select 'org', gone.id from old_rows gone;
  return null;
end $$;

CREATE FUNCTION prewarm.erase_truncated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into prewarm.erasures (what, org_id)
  select case when exists (select from prewarm.source_organizations o where o.id = known.org_id) then 'lost calls' else 'org' end,
         known.org_id
    from (select org_id from prewarm.call_states union select org_id from prewarm.versions) as known;
  return null;
end $$;

CREATE FUNCTION prewarm.erased_as(call text, org uuid, assistant text, number text, phone text, heard_at timestamp with time zone) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  erased text;
begin
  if not exists (select from prewarm.tombstones) then
    return null;
  end if;
  select min(t.kind) into erased
    from prewarm.tombstones t
   where t.hash = prewarm.tombstone_of('call ' || call)
      or (org is null and t.hash = prewarm.tombstone_of('assistant ' || assistant))
      or (org is null and t.hash = prewarm.tombstone_of('number ' || number));
  if erased is null and exists (
       select
         from prewarm.tombstones t
        where t.hash in (prewarm.tombstone_of('phone ' || org || ' ' || phone), prewarm.tombstone_of('phone * ' || phone))
          and t.made_at > coalesce(heard_at, statement_timestamp())
     )
  then
    return 'caller';
  end if;
  return erased;
end $$;

CREATE FUNCTION prewarm.fail(job_id text, worker text, error text, final boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  ended    apalis.jobs;
  subject  text;
  retry_at timestamptz;
begin
  update apalis.jobs j
     set status = 'Failed', done_at = now(), last_result = jsonb_build_object('Err', left(error, 1000))
   where j.id = job_id and j.lock_by = worker and j.status = 'Running'
  returning * into ended;
  if not found then
    return;
  end if;
  subject := split_part(ended.idempotency_key, '#', 1);
  if final or ended.attempts >= ended.max_attempts then
    update prewarm.leases l
       set starts = greatest(l.starts, prewarm.quarantine_starts()), until = now() + prewarm.quarantine_pause()
     where l.holder = job_id;
    delete from apalis.jobs dead where dead.job_type = ended.job_type and dead.idempotency_key = subject || '#dead';
    update apalis.jobs j set status = 'Killed', idempotency_key = subject || '#dead' where j.id = job_id;
    return;
  end if;
  retry_at := now() + prewarm.backoff(ended.attempts);
  update prewarm.leases l set until = retry_at where l.holder = job_id;
  begin
    update apalis.jobs j set run_at = retry_at, idempotency_key = subject where j.id = job_id;
  exception when unique_violation then
    -- Another job of the subject waits already: this one need not come back.
    update apalis.jobs j set max_attempts = j.attempts where j.id = job_id;
  end;
end $$;

CREATE FUNCTION prewarm.fold(orgs uuid[]) RETURNS integer
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform prewarm.promote(orgs);
  return prewarm.push_rebuilds(orgs);
end $$;

CREATE FUNCTION prewarm.fold_agents() RETURNS integer
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  pivot  uuid := gen_random_uuid();
  pushed int;
begin
  insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key)
  select prewarm.new_job_id(), 'prewarm',
         convert_to(json_build_object('kind', 'prewarm', 'agent_id', agent_id)::text, 'UTF8'),
         prewarm.quarantine_starts(), 'prewarm:' || agent_id
    from (select agent_id from prewarm.marked_agents('00000000-0000-0000-0000-000000000000', 250, 50) as agent_id
          union
          select agent_id from prewarm.marked_agents(pivot, 250, 50) as agent_id) as owed
   order by agent_id
      on conflict (job_type, idempotency_key) do nothing;
  get diagnostics pushed = row_count;
  return pushed;
end $$;

CREATE FUNCTION prewarm.heartbeat(worker text, queue text, lease interval, held text[]) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  lost int;
begin
  insert into apalis.workers as known (id, worker_type, storage_name, started_at)
  values (worker, queue, 'prewarm', now())
      on conflict (id) do update set last_seen = now();
  perform prewarm.mend_clock(lease);
  update prewarm.leases l
     set until = now() + lease
   where l.org_id in (
           select mine.org_id
             from prewarm.leases mine
            where mine.holder = any (held)
              and mine.until < now() + lease * 0.75
              -- Whoever holds the row is ending the job.
              for update skip locked
         );
  delete from prewarm.leases l where l.holder = 'resting' and l.until <= now();
  perform prewarm.fail(stuck.id, stuck.lock_by, 'lost: the job did not end within its lease', false)
     from (select j.id, j.lock_by
             from apalis.jobs j
            where j.job_type = queue
              and j.status = 'Running'
              and j.lock_at < now() - lease
              and case j.lock_by
                    when worker then j.id <> all (held)
                    else not exists (select from apalis.workers w where w.id = j.lock_by and w.last_seen > now() - lease)
                  end
              for update skip locked) as stuck;
  get diagnostics lost = row_count;
  return lost;
end $$;

CREATE FUNCTION prewarm.hour_of(at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN ((at >= prewarm.first_instant()) AND (at < prewarm.last_instant())) THEN date_bin('01:00:00'::interval, at, '2000-01-01 00:00:00+00'::timestamp with time zone) ELSE prewarm.timeless() END;

CREATE TABLE public.appointments (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    contact_id uuid,
    service_type text,
    scheduled_at timestamp with time zone,
    status text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT appointments_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'confirmed'::text, 'in_progress'::text, 'completed'::text, 'cancelled'::text, 'no_show'::text])))
);

CREATE VIEW prewarm.source_appointments AS
 SELECT appointments.id,
    appointments.org_id,
    appointments.contact_id,
    "left"(appointments.service_type, 512) AS service_type,
    prewarm.instant(appointments.scheduled_at) AS scheduled_at,
    appointments.status,
    appointments.created_at
   FROM public.appointments;

CREATE TABLE public.calls (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    contact_id uuid,
    vapi_call_id text,
    phone_number text,
    call_direction text DEFAULT 'inbound'::text NOT NULL,
    status text,
    duration_seconds integer,
    sentiment_label text,
    sentiment_score numeric,
    summary text,
    ended_reason text,
    cost_cents integer,
    is_test_call boolean DEFAULT false NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT calls_call_direction_check CHECK ((call_direction = ANY (ARRAY['inbound'::text, 'outbound'::text])))
);

COMMENT ON COLUMN public.calls.status IS 'free text: queued, in-progress, completed, no-answer, voicemail, transferred, failed, cancelled, …';

COMMENT ON COLUMN public.calls.sentiment_score IS '0 to 1';

CREATE VIEW prewarm.source_calls AS
 SELECT calls.id,
    calls.org_id,
    calls.contact_id,
    calls.vapi_call_id,
    calls.phone_number,
    calls.call_direction,
    "left"(calls.status, 512) AS status,
    calls.duration_seconds,
    "left"(calls.sentiment_label, 512) AS sentiment_label,
        CASE
            WHEN ((calls.sentiment_score > '-1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000'::numeric) AND (calls.sentiment_score < '1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000'::numeric)) THEN calls.sentiment_score
            ELSE NULL::numeric
        END AS sentiment_score,
    "left"(calls.summary, 4096) AS summary,
    "left"(calls.ended_reason, 512) AS ended_reason,
    calls.cost_cents,
    calls.is_test_call,
    prewarm.instant(calls.started_at) AS started_at,
    prewarm.instant(calls.ended_at) AS ended_at,
    calls.created_at
   FROM public.calls;

CREATE FUNCTION prewarm.hours_of(org uuid) RETURNS TABLE(start timestamp with time zone, total_calls bigint, inbound_calls bigint, outbound_calls bigint, answered_calls bigint, duration_total bigint, duration_calls bigint, sentiment_total numeric, sentiment_calls bigint, successful_calls bigint, appointments bigint)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH live AS MATERIALIZED (
          SELECT b.contact_id,
             b.created_at
            FROM prewarm.source_appointments b
           WHERE ((b.org_id = hours_of.org) AND (b.status = ANY (ARRAY['pending'::text, 'confirmed'::text, 'in_progress'::text, 'completed'::text])))
         ), booked AS (
          SELECT b.contact_id,
             max(b.created_at) FILTER (WHERE (b.created_at < 'infinity'::timestamp with time zone)) AS at
            FROM (live b
              JOIN prewarm.source_contacts c ON (((c.id = b.contact_id) AND (c.org_id = hours_of.org))))
           GROUP BY b.contact_id
         ), of_calls AS (
          SELECT prewarm.hour_of(s.created_at) AS start,
             count(*) AS total_calls,
             count(*) FILTER (WHERE (s.call_direction = 'inbound'::text)) AS inbound_calls,
             count(*) FILTER (WHERE (s.call_direction = 'outbound'::text)) AS outbound_calls,
             count(*) FILTER (WHERE (s.duration_seconds > 0)) AS answered_calls,
             sum(s.duration_seconds) AS duration_total,
             count(s.duration_seconds) AS duration_calls,
             sum(s.sentiment_score) AS sentiment_total,
             count(s.sentiment_score) AS sentiment_calls,
             count(*) FILTER (WHERE ((s.call_direction = 'inbound'::text) AND (b.at >= COALESCE(s.started_at, prewarm.instant(s.created_at))))) AS successful_calls
            FROM (prewarm.source_calls s
              LEFT JOIN booked b ON ((b.contact_id = s.contact_id)))
           WHERE ((s.org_id = hours_of.org) AND (NOT s.is_test_call))
           GROUP BY (prewarm.hour_of(s.created_at))
         ), of_appointments AS (
          SELECT prewarm.hour_of(b.created_at) AS start,
             count(*) AS appointments
            FROM live b
           GROUP BY (prewarm.hour_of(b.created_at))
         )
  SELECT COALESCE(k.start, a.start) AS "coalesce",
     COALESCE(k.total_calls, (0)::bigint) AS "coalesce",
     COALESCE(k.inbound_calls, (0)::bigint) AS "coalesce",
     COALESCE(k.outbound_calls, (0)::bigint) AS "coalesce",
     COALESCE(k.answered_calls, (0)::bigint) AS "coalesce",
     COALESCE(k.duration_total, (0)::bigint) AS "coalesce",
     COALESCE(k.duration_calls, (0)::bigint) AS "coalesce",
     COALESCE(k.sentiment_total, (0)::numeric) AS "coalesce",
     COALESCE(k.sentiment_calls, (0)::bigint) AS "coalesce",
     COALESCE(k.successful_calls, (0)::bigint) AS "coalesce",
     COALESCE(a.appointments, (0)::bigint) AS "coalesce"
    FROM (of_calls k
      FULL JOIN of_appointments a ON ((a.start = k.start)));
END;

CREATE FUNCTION prewarm.in_order(at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE
    RETURN COALESCE(prewarm.instant(at), '-infinity'::timestamp with time zone);

CREATE FUNCTION prewarm.is_wide(rows bigint) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN (rows > 100);

CREATE TABLE prewarm.actionable_leads (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    contact_name text,
    phone_number text,
    email text,
    lead_score integer,
    lead_status text NOT NULL,
    service_interests text[],
    last_contact_at timestamp with time zone,
    created_at timestamp with time zone,
    total_calls bigint NOT NULL,
    last_call_at timestamp with time zone,
    duration_total bigint NOT NULL,
    duration_calls bigint NOT NULL,
    avg_call_duration numeric GENERATED ALWAYS AS (((duration_total)::numeric / (NULLIF(duration_calls, 0))::numeric)) STORED,
    sentiment_total bigint NOT NULL,
    sentiment_trend numeric GENERATED ALWAYS AS (COALESCE(((sentiment_total)::numeric / (NULLIF(total_calls, 0))::numeric), (0)::numeric)) STORED,
    lead_temperature text NOT NULL,
    lead_temp text GENERATED ALWAYS AS (lead_temperature) STORED,
    follow_up_urgency text NOT NULL,
    last_call_summary text,
    urgency_rank integer NOT NULL,
    urgency_until timestamp with time zone,
    estimated_value numeric
);

COMMENT ON COLUMN prewarm.actionable_leads.duration_total IS 'seconds over duration_calls calls: the exact parts of the mean';

COMMENT ON COLUMN prewarm.actionable_leads.sentiment_total IS 'positive calls less negative ones';

COMMENT ON COLUMN prewarm.actionable_leads.urgency_rank IS '1 high, 2 medium, 3 low';

COMMENT ON COLUMN prewarm.actionable_leads.urgency_until IS 'when follow_up_urgency falls by time alone; null when it never does';

CREATE TABLE prewarm.lead_sums (
    org_id uuid NOT NULL,
    level smallint NOT NULL,
    bucket integer NOT NULL,
    pipeline_total numeric NOT NULL,
    hot_leads bigint NOT NULL
)
WITH (fillfactor='80');

COMMENT ON COLUMN prewarm.lead_sums.level IS '0 a bucket of leads, 1 the 32 buckets from 32 times its number on';

CREATE FUNCTION prewarm.lead_sums_of(org uuid) RETURNS SETOF prewarm.lead_sums
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH buckets AS MATERIALIZED (
          SELECT prewarm.bucket_of(l.id) AS bucket,
             COALESCE(sum(l.estimated_value), (0)::numeric) AS pipeline_total,
             count(*) FILTER (WHERE (l.lead_score >= 80)) AS hot_leads
            FROM prewarm.actionable_leads l
           WHERE (l.org_id = lead_sums_of.org)
           GROUP BY (prewarm.bucket_of(l.id))
         )
  SELECT lead_sums_of.org AS org,
     (0)::smallint AS int2,
     b.bucket,
     b.pipeline_total,
     b.hot_leads
    FROM buckets b
 UNION ALL
  SELECT lead_sums_of.org AS org,
     (1)::smallint AS int2,
     (buckets.bucket / 32),
     sum(buckets.pipeline_total) AS sum,
     (sum(buckets.hot_leads))::bigint AS sum
    FROM buckets
   GROUP BY (buckets.bucket / 32);
END;

CREATE FUNCTION prewarm.numbers_of(touched uuid[]) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if touched is null then
    return null;
  end if;
  return array(
    select distinct c.phone
      from unnest(touched) as one (id)
     cross join lateral (select s.phone from prewarm.source_contacts s where s.id = one.id limit 1) c
     where c.phone is not null
  );
end $$;

CREATE FUNCTION prewarm.sums_by_contact(org uuid, touched uuid[]) RETURNS TABLE(contact uuid, calls bigint, last_at timestamp with time zone, last_id uuid, duration_total bigint, duration_calls bigint, sentiment_total bigint, calls_too bigint, duration_total_too bigint, duration_calls_too bigint, sentiment_total_too bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if touched is null then
    return query
    select c.id, count(*), max(prewarm.in_order(k.created_at)), (array_agg(k.id order by prewarm.in_order(k.created_at) desc, k.id desc))[1],
           coalesce(sum(k.duration_seconds), 0), count(k.duration_seconds),
           coalesce(sum(prewarm.sentiment_of(k.sentiment_label)), 0),
           count(*) filter (where k.phone_number = c.phone),
           coalesce(sum(k.duration_seconds) filter (where k.phone_number = c.phone), 0),
           count(k.duration_seconds) filter (where k.phone_number = c.phone),
           coalesce(sum(prewarm.sentiment_of(k.sentiment_label)) filter (where k.phone_number = c.phone), 0)
      from prewarm.source_calls k
      join prewarm.source_contacts c on c.id = k.contact_id
     where k.org_id = org
       and c.org_id = org
     group by c.id;
  else
    return query
    select one.id, s.*
      from unnest(touched) as one (id)
     cross join lateral (
       select count(*), max(prewarm.in_order(k.created_at)), (array_agg(k.id order by prewarm.in_order(k.created_at) desc, k.id desc))[1],
              coalesce(sum(k.duration_seconds), 0), count(k.duration_seconds),
              coalesce(sum(prewarm.sentiment_of(k.sentiment_label)), 0),
              count(*) filter (where k.phone_number = c.phone),
              coalesce(sum(k.duration_seconds) filter (where k.phone_number = c.phone), 0),
              count(k.duration_seconds) filter (where k.phone_number = c.phone),
              coalesce(sum(prewarm.sentiment_of(k.sentiment_label)) filter (where k.phone_number = c.phone), 0)
         from (select phone from prewarm.source_contacts where id = one.id limit 1) c
        cross join lateral (
          select * from prewarm.source_calls o where o.contact_id = one.id and o.org_id is not distinct from org offset 0
        ) k
     ) s;
  end if;
end $$;

CREATE FUNCTION prewarm.sums_by_number(org uuid, numbers text[]) RETURNS TABLE(phone text, calls bigint, last_at timestamp with time zone, last_id uuid, duration_total bigint, duration_calls bigint, sentiment_total bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if numbers is null then
    return query
    select k.phone_number, count(*), max(prewarm.in_order(k.created_at)), (array_agg(k.id order by prewarm.in_order(k.created_at) desc, k.id desc))[1],
           coalesce(sum(k.duration_seconds), 0), count(k.duration_seconds),
           coalesce(sum(prewarm.sentiment_of(k.sentiment_label)), 0)
      from prewarm.source_calls k
     where k.org_id = org
       and k.phone_number is not null
     group by k.phone_number;
  else
    return query
    select one.phone, s.*
      from unnest(numbers) as one (phone)
     cross join lateral (
       select count(*), max(prewarm.in_order(k.created_at)), (array_agg(k.id order by prewarm.in_order(k.created_at) desc, k.id desc))[1],
              coalesce(sum(k.duration_seconds), 0), count(k.duration_seconds),
              coalesce(sum(prewarm.sentiment_of(k.sentiment_label)), 0)
         from (
           select *
             from prewarm.source_calls o
            where o.org_id = org
              and o.phone_number between one.phone and one.phone
            order by o.phone_number
           offset 0
         ) k
     ) s;
  end if;
end $$;

CREATE FUNCTION prewarm.temperature_of(score integer) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN (score >= 80) THEN 'hot'::text WHEN (score >= 50) THEN 'warm'::text ELSE 'cold'::text END;

CREATE FUNCTION prewarm.urgency_of(contacted_at timestamp with time zone, at timestamp with time zone) RETURNS integer
    LANGUAGE sql STABLE
    RETURN CASE WHEN (contacted_at > (at - '24:00:00'::interval)) THEN 1 WHEN (contacted_at > (at - '168:00:00'::interval)) THEN 2 ELSE 3 END;

COMMENT ON FUNCTION prewarm.urgency_of(contacted_at timestamp with time zone, at timestamp with time zone) IS '1 high, 2 medium, 3 low';

CREATE FUNCTION prewarm.leads_of(org uuid, at timestamp with time zone, touched uuid[]) RETURNS TABLE(id uuid, org_id uuid, contact_name text, phone_number text, email text, lead_score integer, lead_status text, service_interests text[], estimated_value numeric, last_contact_at timestamp with time zone, created_at timestamp with time zone, total_calls bigint, last_call_at timestamp with time zone, duration_total bigint, duration_calls bigint, sentiment_total bigint, lead_temperature text, follow_up_urgency text, last_call_summary text, urgency_rank integer, urgency_until timestamp with time zone)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT c.id,
     c.org_id,
     c.name,
     "left"(c.phone, 512) AS "left",
     c.email,
     c.lead_score,
     c.lead_status,
     c.service_interests,
     c.estimated_value,
     c.last_contact_at,
     c.created_at,
     (COALESCE((o.calls - o.calls_too), (0)::bigint) + COALESCE(n.calls, (0)::bigint)),
     prewarm.instant(GREATEST(o.last_at, n.last_at)) AS instant,
     (COALESCE((o.duration_total - o.duration_total_too), (0)::bigint) + COALESCE(n.duration_total, (0)::bigint)),
     (COALESCE((o.duration_calls - o.duration_calls_too), (0)::bigint) + COALESCE(n.duration_calls, (0)::bigint)),
     (COALESCE((o.sentiment_total - o.sentiment_total_too), (0)::bigint) + COALESCE(n.sentiment_total, (0)::bigint)),
     prewarm.temperature_of(c.lead_score) AS temperature_of,
     (ARRAY['high'::text, 'medium'::text, 'low'::text])[u.rank] AS "array",
     ( SELECT k.summary
            FROM prewarm.source_calls k
           WHERE (k.id =
                 CASE
                     WHEN ((o.last_id IS NULL) OR (ROW(o.last_at, o.last_id) < ROW(n.last_at, n.last_id))) THEN n.last_id
                     ELSE o.last_id
                 END)) AS summary,
     u.rank,
     (c.last_contact_at + (ARRAY['24:00:00'::interval, '168:00:00'::interval, NULL::interval])[u.rank])
    FROM (((prewarm.contacts_of_leads(leads_of.org, leads_of.touched) c(id, org_id, name, phone, email, lead_score, lead_status, service_interests, estimated_value, last_contact_at, created_at)
      CROSS JOIN LATERAL ( SELECT prewarm.urgency_of(c.last_contact_at, leads_of.at) AS rank) u)
      LEFT JOIN prewarm.sums_by_contact(leads_of.org, leads_of.touched) o(contact, calls, last_at, last_id, duration_total, duration_calls, sentiment_total, calls_too, duration_total_too, duration_calls_too, sentiment_total_too) ON ((o.contact = c.id)))
      LEFT JOIN prewarm.sums_by_number(leads_of.org, prewarm.numbers_of(leads_of.touched)) n(phone, calls, last_at, last_id, duration_total, duration_calls, sentiment_total) ON ((n.phone = c.phone)));
END;

CREATE FUNCTION prewarm.long_rebuild() RETURNS interval
    LANGUAGE sql IMMUTABLE
    RETURN '00:00:01'::interval;

CREATE FUNCTION prewarm.longest_pause() RETURNS interval
    LANGUAGE sql IMMUTABLE
    RETURN '00:01:15'::interval;

COMMENT ON FUNCTION prewarm.longest_pause() IS 'no lease is set, and no attempt put off, for longer: see backoff and quarantine_pause';

CREATE FUNCTION prewarm.maintain(org uuid, at timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  before  prewarm.maintained;
  touched uuid[];
  bins    timestamptz[];
  buckets int[];
begin
  select * into before from prewarm.maintained m where m.org_id = org;
  if before.org_id is null or at < before.as_of or exists (select from prewarm.marks m where m.org_id = org and m.wide) then
    call prewarm.maintain_anew(org, at);
    return null;
  end if;
  touched := prewarm.touched_leads(org, at);
  bins := prewarm.touched_bins(org);
  if cardinality(touched) > greatest(100, before.leads / 4) then
    call prewarm.make_leads(org, at);
  elsif cardinality(touched) > 0 then
    buckets := prewarm.stale_buckets(org, touched);
    call prewarm.write_leads(org, at, touched);
    if cardinality(buckets) > 0 then
      call prewarm.write_lead_sums(org, buckets);
    end if;
  end if;
  if cardinality(bins) > greatest(100, before.hours / 4) then
    call prewarm.make_sums(org);
  elsif cardinality(bins) > 0 then
    call prewarm.write_sums(org, at, bins);
  end if;
  -- A rebuild that wrote nothing keeps no other waiting for this row.
  if cardinality(touched) > 0 or cardinality(bins) > 0 then
    update prewarm.maintained m set as_of = at, rebuilt_at = statement_timestamp() where m.org_id = org;
  end if;
  return cardinality(touched);
end $$;

CREATE PROCEDURE prewarm.maintain_anew(IN org uuid, IN at timestamp with time zone)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  call prewarm.make_leads(org, at);
  call prewarm.make_sums(org);
  insert into prewarm.maintained (org_id, as_of, leads, hours, rebuilt_at)
  values (org, at,
          (select count(*) from prewarm.actionable_leads l where l.org_id = org),
          (select count(*) from prewarm.sums s where s.org_id = org and s.level = 1),
          statement_timestamp())
      on conflict (org_id) do update
     set (as_of, leads, hours, rebuilt_at) = (excluded.as_of, excluded.leads, excluded.hours, excluded.rebuilt_at);
end $$;

CREATE PROCEDURE prewarm.make_leads(IN org uuid, IN at timestamp with time zone)
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_hashjoin TO 'on'
    SET enable_sort TO 'on'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  with wanted as materialized (
    select l.* from prewarm.leads_of(org, at, null) l
  ),
  held as materialized (
    select id, org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
           last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
           lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until
      from prewarm.actionable_leads
     where org_id = org
  ),
  gone as (
    delete from prewarm.actionable_leads l
     where l.id = any (array(select held.id from held except select wanted.id from wanted))
  )
  insert into prewarm.actionable_leads (
    id, org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
    last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
    lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until
  )
  -- EXCEPT hashes, whatever the statistics say; a join could be planned for ten rows and run for ten thousand.
  select * from wanted except select * from held
   -- In one order, so that two rebuilds wait for one another instead of deadlocking.
   order by id
      -- Held of another org, from which the contact has moved.
      on conflict (id) do update
     set (org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
          last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
          lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until)
       = (excluded.org_id, excluded.contact_name, excluded.phone_number, excluded.email, excluded.lead_score,
          excluded.lead_status, excluded.service_interests, excluded.estimated_value, excluded.last_contact_at,
          excluded.created_at, excluded.total_calls, excluded.last_call_at, excluded.duration_total,
          excluded.duration_calls, excluded.sentiment_total, excluded.lead_temperature, excluded.follow_up_urgency,
          excluded.last_call_summary, excluded.urgency_rank, excluded.urgency_until);

  -- ON CONFLICT doubles the cost of a row.
  if not exists (select from prewarm.lead_sums s where s.org_id = org) then
    insert into prewarm.lead_sums select * from prewarm.lead_sums_of(org);
    return;
  end if;
  with wanted as materialized (
    select * from prewarm.lead_sums_of(org)
  ),
  gone as (
    delete from prewarm.lead_sums s
     where s.org_id = org
       and (s.level, s.bucket) not in (select level, bucket from wanted)
  )
  insert into prewarm.lead_sums
  select * from wanted except select s.* from prewarm.lead_sums s where s.org_id = org
      on conflict (org_id, level, bucket) do update
     set (pipeline_total, hot_leads) = (excluded.pipeline_total, excluded.hot_leads);
end $$;

CREATE PROCEDURE prewarm.make_sums(IN org uuid)
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_hashjoin TO 'on'
    SET enable_sort TO 'on'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- ON CONFLICT doubles the cost of a row.
  if not exists (select from prewarm.sums s where s.org_id = org) then
    -- In the order in which they are read: side by side in the table, too.
    insert into prewarm.sums select * from prewarm.sums_of(org) s order by s.level, s.start;
    return;
  end if;
  with wanted as materialized (
    select * from prewarm.sums_of(org)
  ),
  gone as (
    delete from prewarm.sums s
     where s.org_id = org
       and (s.level, s.start) in (
         select h.level, h.start from prewarm.sums h where h.org_id = org except select level, start from wanted
       )
  )
  insert into prewarm.sums
  select *
    from wanted w
   where not exists (
     select
       from prewarm.sums h
      where h.org_id = org
        and (h.level, h.start) = (w.level, w.start)
        and h is not distinct from w::prewarm.sums
   )
   order by w.level, w.start
      on conflict (org_id, level, start) do update
     set (total_calls, inbound_calls, outbound_calls, answered_calls, duration_total, duration_calls, sentiment_total,
          sentiment_calls, successful_calls, appointments)
       = (excluded.total_calls, excluded.inbound_calls, excluded.outbound_calls, excluded.answered_calls,
          excluded.duration_total, excluded.duration_calls, excluded.sentiment_total, excluded.sentiment_calls,
          excluded.successful_calls, excluded.appointments);
end $$;

CREATE FUNCTION prewarm.mark_agents() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if tg_op = 'INSERT' then
    insert into prewarm.agent_marks (agent_id) select id from new_rows;
  elsif tg_op = 'DELETE' then
    insert into prewarm.agent_marks (agent_id) select id from old_rows;
  elsif tg_op = 'UPDATE' then
    insert into prewarm.agent_marks (agent_id)
    select id
      from ((select id, org_id, call_direction, name, system_prompt, first_message, voice, model from new_rows
             except
             select id, org_id, call_direction, name, system_prompt, first_message, voice, model from old_rows)
            union all
            (select id, org_id, call_direction, name, system_prompt, first_message, voice, model from old_rows
             except
             select id, org_id, call_direction, name, system_prompt, first_message, voice, model from new_rows)) as changed
     group by id;
  else
    perform prewarm.mark_all_agents();
  end if;
  return null;
end $$;

CREATE FUNCTION prewarm.mark_agents_of_numbers() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if tg_op = 'INSERT' then
    insert into prewarm.agent_marks (agent_id) select distinct agent_id from new_rows where agent_id is not null;
  elsif tg_op = 'DELETE' then
    insert into prewarm.agent_marks (agent_id) select distinct agent_id from old_rows where agent_id is not null;
  elsif tg_op = 'UPDATE' then
    insert into prewarm.agent_marks (agent_id)
    select agent_id
      from ((select id, org_id, vapi_phone_number_id, agent_id from new_rows
             except
             select id, org_id, vapi_phone_number_id, agent_id from old_rows)
            union all
            (select id, org_id, vapi_phone_number_id, agent_id from old_rows
             except
             select id, org_id, vapi_phone_number_id, agent_id from new_rows)) as changed
     where agent_id is not null
     group by agent_id;
  else
    perform prewarm.mark_all_agents();
  end if;
  return null;
end $$;

CREATE FUNCTION prewarm.mark_all_agents() RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  insert into prewarm.agent_marks (agent_id)
  select id from prewarm.source_agents
  union
  select agent_id from prewarm.assistants
$$;

CREATE FUNCTION prewarm.mark_appointments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  listed bigint;
  rows   bigint;
begin
  if tg_op = 'DELETE' then
    insert into prewarm.marks (org_id, what, booked, bins)
    select org_id, 'appointments', array[contact_id], array[prewarm.bin_of(created_at)]
      from old_rows
     limit 101;
    get diagnostics listed = row_count;
    if prewarm.is_wide(listed) then
      insert into prewarm.marks (org_id, what, wide) select distinct org_id, 'appointments', true from old_rows;
    end if;
  else
    insert into prewarm.marks (org_id, what, booked, bins)
    select n.org_id, 'appointments', array[o.contact_id, n.contact_id],
           array[prewarm.bin_of(o.created_at), prewarm.bin_of(n.created_at)]
      from new_rows n
      join old_rows o on o.id = n.id and o.org_id = n.org_id
     limit 101;
    get diagnostics listed = row_count;
    rows := (select count(*) from (select from new_rows limit 101) few);
    if prewarm.is_wide(rows) then
      insert into prewarm.marks (org_id, what, wide)
      select org_id, 'appointments', true from new_rows union select org_id, 'appointments', true from old_rows;
    elsif listed < rows then
      insert into prewarm.marks (org_id, what, booked, bins)
      select org_id, 'appointments', array[contact_id], array[prewarm.bin_of(created_at)]
        from (select org_id, contact_id, created_at from new_rows
              union
              select org_id, contact_id, created_at from old_rows) as both_rows;
    end if;
  end if;
  return null;
end $$;

CREATE FUNCTION prewarm.mark_calls() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  listed bigint;
  rows   bigint;
begin
  if tg_op = 'DELETE' then
    insert into prewarm.marks (org_id, what, contacts, phones, bins)
    select org_id, 'calls', array[contact_id], array[phone_number], array[prewarm.bin_of(created_at)]
      from old_rows
     limit 101;
    get diagnostics listed = row_count;
    if prewarm.is_wide(listed) then
      insert into prewarm.marks (org_id, what, wide) select distinct org_id, 'calls', true from old_rows;
    end if;
  else
    insert into prewarm.marks (org_id, what, contacts, phones, bins)
    select n.org_id, 'calls', array[o.contact_id, n.contact_id], array[o.phone_number, n.phone_number],
           array[prewarm.bin_of(o.created_at), prewarm.bin_of(n.created_at)]
      from new_rows n
      join old_rows o on o.id = n.id and o.org_id = n.org_id
     limit 101;
    get diagnostics listed = row_count;
    rows := (select count(*) from (select from new_rows limit 101) few);
    if prewarm.is_wide(rows) then
      insert into prewarm.marks (org_id, what, wide)
      select org_id, 'calls', true from new_rows union select org_id, 'calls', true from old_rows;
    elsif listed < rows then
      insert into prewarm.marks (org_id, what, contacts, phones, bins)
      select org_id, 'calls', array[contact_id], array[phone_number], array[prewarm.bin_of(created_at)]
        from (select org_id, contact_id, phone_number, created_at from new_rows
              union
              select org_id, contact_id, phone_number, created_at from old_rows) as both_rows;
    end if;
  end if;
  return null;
end $$;

CREATE FUNCTION prewarm.mark_contacts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  listed bigint;
  rows   bigint;
begin
  if tg_op = 'DELETE' then
    insert into prewarm.marks (org_id, what, contacts)
    select org_id, 'contacts', array[id]
      from old_rows
     limit 101;
    get diagnostics listed = row_count;
    if prewarm.is_wide(listed) then
      insert into prewarm.marks (org_id, what, wide) select distinct org_id, 'contacts', true from old_rows;
    end if;
  else
    insert into prewarm.marks (org_id, what, contacts)
    select n.org_id, 'contacts', array[n.id]
      from new_rows n
      join old_rows o on o.id = n.id and o.org_id = n.org_id
     limit 101;
    get diagnostics listed = row_count;
    rows := (select count(*) from (select from new_rows limit 101) few);
    if prewarm.is_wide(rows) then
      insert into prewarm.marks (org_id, what, wide)
      select org_id, 'contacts', true from new_rows union select org_id, 'contacts', true from old_rows;
    elsif listed < rows then
      insert into prewarm.marks (org_id, what, contacts, booked)
      select org_id, 'contacts', array[id], array[id]
        from (select org_id, id from new_rows union select org_id, id from old_rows) as both_rows;
    end if;
  end if;
  return null;
end $$;

CREATE FUNCTION prewarm.mark_deleted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into prewarm.marks (org_id, what)
  select distinct org_id, tg_table_name from old_rows;
  return null;
end $$;

CREATE FUNCTION prewarm.mark_inserted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into prewarm.marks (org_id, what)
  select distinct org_id, tg_table_name from new_rows;
  return null;
end $$;

CREATE FUNCTION prewarm.mark_new_appointments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    AS $$
declare
  listed bigint;
begin
  insert into prewarm.marks (org_id, what, booked, bins)
  select org_id, 'appointments', array[contact_id], array[prewarm.bin_of(created_at)]
    from new_rows
   limit 101;
  get diagnostics listed = row_count;
  if prewarm.is_wide(listed) then
    insert into prewarm.marks (org_id, what, wide) select distinct org_id, 'appointments', true from new_rows;
  end if;
  return null;
end $$;

CREATE FUNCTION prewarm.mark_new_calls() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    AS $$
declare
  listed bigint;
begin
  insert into prewarm.marks (org_id, what, contacts, phones, bins)
  select org_id, 'calls', array[contact_id], array[phone_number], array[prewarm.bin_of(created_at)]
    from new_rows
   limit 101;
  get diagnostics listed = row_count;
  if prewarm.is_wide(listed) then
    insert into prewarm.marks (org_id, what, wide) select distinct org_id, 'calls', true from new_rows;
  end if;
  return null;
end $$;

CREATE FUNCTION prewarm.mark_new_contacts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    AS $$
declare
  listed bigint;
begin
  insert into prewarm.marks (org_id, what, contacts)
  select org_id, 'contacts', array[id]
    from new_rows
   limit 101;
  get diagnostics listed = row_count;
  if prewarm.is_wide(listed) then
    insert into prewarm.marks (org_id, what, wide) select distinct org_id, 'contacts', true from new_rows;
  end if;
  return null;
end $$;

CREATE FUNCTION prewarm.mark_organizations_deleted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into prewarm.marks (org_id, what)
  select id, tg_table_name from old_rows;
  return null;
end $$;

CREATE FUNCTION prewarm.mark_organizations_inserted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into prewarm.marks (org_id, what)
  select id, tg_table_name from new_rows;
  return null;
end $$;

CREATE FUNCTION prewarm.mark_organizations_updated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into prewarm.marks (org_id, what)
  select id, tg_table_name from new_rows
  union
  select id, tg_table_name from old_rows;
  return null;
end $$;

CREATE FUNCTION prewarm.mark_truncated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into prewarm.marks (org_id, what, wide)
  select id, tg_table_name, true from prewarm.source_organizations
  union
  select org_id, tg_table_name, true from prewarm.versions;
  return null;
end $$;

CREATE FUNCTION prewarm.mark_updated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into prewarm.marks (org_id, what)
  select org_id, tg_table_name from new_rows
  union
  select org_id, tg_table_name from old_rows;
  return null;
end $$;

CREATE TABLE prewarm.leases (
    org_id uuid NOT NULL,
    holder text NOT NULL,
    starts integer DEFAULT 1 NOT NULL,
    until timestamp with time zone NOT NULL,
    CONSTRAINT leases_starts_check CHECK ((starts > 0))
);

COMMENT ON COLUMN prewarm.leases.holder IS 'the id of the job, or whoever else rebuilds';

COMMENT ON COLUMN prewarm.leases.starts IS 'consecutive starts without an end; from three on the org is in quarantine';

COMMENT ON COLUMN prewarm.leases.until IS 'nobody starts before; after a failure, the end of its back-off';

CREATE TABLE prewarm.marks (
    org_id uuid NOT NULL,
    what text NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    marked_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    contacts uuid[],
    phones text[],
    booked uuid[],
    bins timestamp with time zone[],
    wide boolean DEFAULT false NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');

COMMENT ON COLUMN prewarm.marks.what IS 'the source table that changed';

COMMENT ON COLUMN prewarm.marks.xid IS 'the transaction; a receipt is included once no mark of the org has its xid';

COMMENT ON COLUMN prewarm.marks.contacts IS 'contacts whose lead has to be made anew';

COMMENT ON COLUMN prewarm.marks.phones IS 'numbers whose contacts'' leads have to be made anew';

COMMENT ON COLUMN prewarm.marks.booked IS 'contacts whose appointments changed, and with them the success of their calls';

COMMENT ON COLUMN prewarm.marks.bins IS 'bins of time whose sums have to be made anew';

COMMENT ON COLUMN prewarm.marks.wide IS 'too much to be listed: the whole org has to be made anew';

CREATE FUNCTION prewarm.marked(since uuid, n integer) RETURNS SETOF uuid
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH RECURSIVE marked AS (
         ( SELECT marks.org_id
            FROM prewarm.marks
           WHERE (marks.org_id >= marked.since)
           ORDER BY marks.org_id
          LIMIT 1)
         UNION ALL
          SELECT ( SELECT m.org_id
                    FROM prewarm.marks m
                   WHERE (m.org_id > marked_1.org_id)
                   ORDER BY m.org_id
                  LIMIT 1) AS org_id
            FROM marked marked_1
           WHERE (marked_1.org_id IS NOT NULL)
         )
  SELECT marked.org_id
    FROM marked
   WHERE ((marked.org_id IS NOT NULL) AND (NOT (EXISTS ( SELECT
            FROM prewarm.leases l
           WHERE ((l.org_id = marked.org_id) AND (l.until > statement_timestamp()))))))
  LIMIT marked.n;
END;

CREATE TABLE prewarm.agent_marks (
    agent_id uuid NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    marked_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');

CREATE TABLE prewarm.assistants (
    agent_id uuid NOT NULL,
    org_id uuid,
    stage text DEFAULT 'pending'::text NOT NULL,
    reason text,
    attempts integer DEFAULT 0 NOT NULL,
    not_before timestamp with time zone,
    holder uuid,
    until timestamp with time zone,
    look_since timestamp with time zone,
    missing_id text,
    refused_hash text,
    refusal text,
    shown_otherwise text[] DEFAULT '{}'::text[] NOT NULL,
    synced_at timestamp with time zone,
    verified_at timestamp with time zone,
    CONSTRAINT assistants_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT assistants_stage_check CHECK ((stage = ANY (ARRAY['pending'::text, 'preparing'::text, 'creating'::text, 'updating'::text, 'synced'::text, 'failed'::text])))
)
WITH (fillfactor='70');

COMMENT ON COLUMN prewarm.assistants.org_id IS 'null where the agent is gone';

COMMENT ON COLUMN prewarm.assistants.reason IS 'why it failed or waits, or what is wrong beside it; for people';

COMMENT ON COLUMN prewarm.assistants.attempts IS 'consecutive starts without a good end';

COMMENT ON COLUMN prewarm.assistants.not_before IS 'the end of its back-off';

COMMENT ON COLUMN prewarm.assistants.holder IS 'who alone may write the assistant; null: reserved by a claim, or nobody';

COMMENT ON COLUMN prewarm.assistants.until IS 'when its holder has to be believed dead';

COMMENT ON COLUMN prewarm.assistants.look_since IS 'Vapi may have assistants of the agent, made since, that we have no answer about';

COMMENT ON COLUMN prewarm.assistants.missing_id IS 'Vapi has said that it does not have the assistant of this id';

COMMENT ON COLUMN prewarm.assistants.refused_hash IS 'the configuration that Vapi does not take; nobody sends it again';

COMMENT ON COLUMN prewarm.assistants.refusal IS 'why, in Vapi''s words';

COMMENT ON COLUMN prewarm.assistants.shown_otherwise IS 'fields that Vapi shows otherwise than it was given them; no drift';

COMMENT ON COLUMN prewarm.assistants.synced_at IS 'when Vapi last took its configuration';

COMMENT ON COLUMN prewarm.assistants.verified_at IS 'when Vapi last showed it as it should be';

CREATE FUNCTION prewarm.marked_agents(since uuid, looks integer, n integer) RETURNS SETOF uuid
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH RECURSIVE marked AS (
         ( SELECT agent_marks.agent_id,
             1 AS look
            FROM prewarm.agent_marks
           WHERE (agent_marks.agent_id >= marked_agents.since)
           ORDER BY agent_marks.agent_id
          LIMIT 1)
         UNION ALL
          SELECT ( SELECT m.agent_id
                    FROM prewarm.agent_marks m
                   WHERE (m.agent_id > marked_1.agent_id)
                   ORDER BY m.agent_id
                  LIMIT 1) AS agent_id,
             (marked_1.look + 1)
            FROM marked marked_1
           WHERE ((marked_1.agent_id IS NOT NULL) AND (marked_1.look < marked_agents.looks))
         )
  SELECT marked.agent_id
    FROM marked
   WHERE ((marked.agent_id IS NOT NULL) AND (NOT (EXISTS ( SELECT
            FROM prewarm.assistants s
           WHERE ((s.agent_id = marked.agent_id) AND ((s.until > statement_timestamp()) OR (s.not_before > statement_timestamp())))))))
  LIMIT marked_agents.n;
END;

CREATE FUNCTION prewarm.mend_clock(lease interval) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- Two that mend at once could deadlock.
  if not pg_try_advisory_xact_lock(hashtext('prewarm.mend_clock')) then
    return;
  end if;
  update apalis.jobs j
     set run_at = now()
   where (j.status = 'Pending' or (j.status = 'Failed' and j.attempts < j.max_attempts))
     and j.run_at > now() + case j.attempts when 0 then prewarm.rebuild_gap() else prewarm.longest_pause() end;
  update apalis.jobs j set lock_at = now() where j.status = 'Running' and j.lock_at > now();
  update apalis.workers w set last_seen = now() where w.last_seen > now() + interval '1 second';
  update prewarm.leases l
     set until = now() + lease
   where l.until > now() + greatest(lease, prewarm.longest_pause());
  delete from prewarm.cron_slots s where s.slot > now() + interval '1 second';
end $$;

CREATE FUNCTION prewarm.new_job_id() RETURNS text
    LANGUAGE sql
    RETURN ('0'::text || upper("left"(replace((gen_random_uuid())::text, '-'::text, ''::text), 25)));

CREATE FUNCTION prewarm.newly_dense(org uuid, at timestamp with time zone, hours timestamp with time zone[]) RETURNS timestamp with time zone[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return array(
    select one.start
      from unnest(hours) as one (start)
     where one.start > at - interval '1 day'
       and (
         select s.total_calls + s.appointments > prewarm.dense_hour()
           from prewarm.sums s
          where s.org_id = org
            and s.level = 1
            and s.start = one.start
       )
  );
end $$;

CREATE TABLE prewarm.test_calls (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    stage text DEFAULT 'preparing'::text NOT NULL,
    assistant_id text,
    vapi_call_id text,
    web_call_url text,
    reason text,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    changed_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    CONSTRAINT test_calls_stage_check CHECK ((stage = ANY (ARRAY['preparing'::text, 'connecting'::text, 'ready'::text, 'failed'::text, 'ended'::text])))
);

COMMENT ON COLUMN prewarm.test_calls.stage IS 'preparing: the assistant is brought up to date; connecting: Vapi makes the call; ready: web_call_url may be joined';

COMMENT ON COLUMN prewarm.test_calls.vapi_call_id IS 'Vapi''s id of the call, once it is ready';

COMMENT ON COLUMN prewarm.test_calls.reason IS 'why it failed, for the person who waits';

CREATE FUNCTION prewarm.open_test_call(new_id uuid, org uuid, direction text) RETURNS SETOF prewarm.test_calls
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  agent prewarm.source_agents;
begin
  select * into agent from prewarm.source_agents a where a.org_id = org and a.call_direction = direction;
  if not found then
    return;
  end if;
  perform prewarm.close_test_calls(agent.id);
  insert into prewarm.test_calls (id, org_id, agent_id, assistant_id)
  values (new_id, org, agent.id, agent.vapi_assistant_id)
      on conflict (agent_id) where stage in ('preparing', 'connecting', 'ready') do nothing;
  if found then
    -- In the same transaction: there is no call without its job, and a queue that gives a job out again if its worker dies.
    -- Before all that wait: a person waits.
    insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key, priority)
    values (prewarm.new_job_id(), 'prewarm',
            convert_to(json_build_object('kind', 'test_call', 'test_call_id', new_id)::text, 'UTF8'),
            prewarm.quarantine_starts(), 'test_call:' || new_id, 1);
  end if;
  return query
    select *
      from prewarm.test_calls t
     where t.agent_id = agent.id
       and t.stage in ('preparing', 'connecting', 'ready');
end $$;

CREATE FUNCTION prewarm.open_to_others() RETURNS TABLE(object text, grantee text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 WITH strangers AS (
          SELECT (0)::oid AS id
         UNION
          SELECT a_1.grantee
            FROM (pg_default_acl d
              CROSS JOIN LATERAL aclexplode(d.defaclacl) a_1(grantor, grantee, privilege_type, is_grantable))
           WHERE ((d.defaclnamespace = (0)::oid) AND (a_1.grantee <> d.defaclrole))
         ), ours AS (
          SELECT 'schema prewarm'::text AS object,
             n.nspacl AS acl
            FROM pg_namespace n
           WHERE (n.nspname = 'prewarm'::name)
         UNION ALL
          SELECT format('%s %s'::text,
                 CASE c.relkind
                     WHEN 'S'::"char" THEN 'sequence'::text
                     ELSE 'table'::text
                 END, (c.oid)::regclass) AS format,
             c.relacl
            FROM pg_class c
           WHERE ((c.relnamespace = ('prewarm'::regnamespace)::oid) AND (c.relkind = ANY (ARRAY['r'::"char", 'p'::"char", 'v'::"char", 'm'::"char", 'f'::"char", 'S'::"char"])))
         UNION ALL
          SELECT format('routine %s'::text, (p.oid)::regprocedure) AS format,
             COALESCE(p.proacl, acldefault('f'::"char", p.proowner)) AS "coalesce"
            FROM pg_proc p
           WHERE (p.pronamespace = ('prewarm'::regnamespace)::oid)
         )
  SELECT DISTINCT o.object,
         CASE s.id
             WHEN 0 THEN 'public'::text
             ELSE ((s.id)::regrole)::text
         END AS id
    FROM ((ours o
      CROSS JOIN LATERAL aclexplode(o.acl) a(grantor, grantee, privilege_type, is_grantable))
      JOIN strangers s ON ((s.id = a.grantee)));
END;

CREATE FUNCTION prewarm.org_of(subject text) RETURNS uuid
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN (subject ~ '^rebuild:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'::text) THEN (substr(subject, 9))::uuid ELSE NULL::uuid END;

COMMENT ON FUNCTION prewarm.org_of(subject text) IS 'the org whose lease a job takes; null for a job without one';

CREATE TABLE prewarm.versions (
    org_id uuid NOT NULL,
    epoch bigint NOT NULL,
    n bigint NOT NULL,
    format integer NOT NULL,
    as_of timestamp with time zone NOT NULL,
    next_change_at timestamp with time zone,
    published boolean DEFAULT false NOT NULL,
    took interval,
    oldest integer DEFAULT 1 NOT NULL,
    CONSTRAINT versions_n_check CHECK ((n > 0))
)
WITH (fillfactor='70');

COMMENT ON COLUMN prewarm.versions.n IS 'rebuilds of the org within the epoch, in the order of their snapshots';

COMMENT ON COLUMN prewarm.versions.format IS 'the newest of its blobs; 0 when they were unusable';

COMMENT ON COLUMN prewarm.versions.as_of IS 'the instant that the models are true for';

COMMENT ON COLUMN prewarm.versions.next_change_at IS 'the first instant at which a model would differ by time alone';

COMMENT ON COLUMN prewarm.versions.published IS 'whether this version has reached Redis and the feed';

COMMENT ON COLUMN prewarm.versions.took IS 'from the start of the rebuild''s transaction to its last statements';

COMMENT ON COLUMN prewarm.versions.oldest IS 'the oldest of its blobs; rows of formats outside are left over';

CREATE FUNCTION prewarm.outdated(format integer, oldest integer) RETURNS SETOF uuid
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT v.org_id
    FROM prewarm.versions v
   WHERE (v.format < outdated.format)
 UNION ALL
  SELECT v.org_id
    FROM prewarm.versions v
   WHERE ((outdated.oldest < outdated.format) AND (v.format >= outdated.format) AND (v.oldest > outdated.oldest));
END;

CREATE FUNCTION prewarm.owe_caller(org uuid, contact uuid, calls text[], names text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into prewarm.erasures (what, org_id, contact_id, calls) values ('caller', org, contact, calls);
  perform prewarm.bury(array(select 'call ' || call from unnest(calls) as call) || names, 'caller');
end $$;

CREATE FUNCTION prewarm.owed_orgs() RETURNS uuid[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  pivot uuid := gen_random_uuid();
begin
  return array(
    select org_id from prewarm.marked('00000000-0000-0000-0000-000000000000', 500) as org_id
    union
    select org_id from prewarm.marked(pivot, 500) as org_id
    union
    (select v.org_id
       from prewarm.versions v
      where v.next_change_at <= statement_timestamp()
        and not exists (select from prewarm.leases l where l.org_id = v.org_id and l.until > statement_timestamp())
      order by v.next_change_at
      limit 100)
    union
    (select v.org_id
       from prewarm.versions v
      where v.as_of > statement_timestamp() + interval '1 second'
        and not exists (select from prewarm.leases l where l.org_id = v.org_id and l.until > statement_timestamp())
      limit 100)
    union
    (select v.org_id
       from prewarm.versions v
      where not v.published
        and not exists (select from prewarm.leases l where l.org_id = v.org_id and l.until > statement_timestamp())
      limit 100)
  );
end $$;

CREATE FUNCTION prewarm.owner(assistant text, number text) RETURNS uuid
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  org uuid;
begin
  select a.org_id into org from prewarm.source_agents a where a.vapi_assistant_id = assistant limit 1;
  if found then
    return case
             when not exists (
               select from prewarm.source_agents a where a.vapi_assistant_id = assistant and a.org_id <> org
             )
             then org
           end;
  end if;
  select p.org_id into org from prewarm.source_phone_numbers p where p.vapi_phone_number_id = number limit 1;
  return case
           when not exists (
             select from prewarm.source_phone_numbers p where p.vapi_phone_number_id = number and p.org_id <> org
           )
           then org
         end;
end $$;

CREATE FUNCTION prewarm.phone_digits(phone text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  digits text := regexp_replace(regexp_replace(phone, '[^0-9]', '', 'g'), '^00', '');
begin
  return case when length(digits) >= 7 then digits end;
end $$;

CREATE FUNCTION prewarm.phone_spellings(phone text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  digits text := prewarm.phone_digits(phone);
begin
  return case when digits is not null then array[phone, '+' || digits, digits, '00' || digits] else '{}' end;
end $$;

CREATE FUNCTION prewarm.prewarm_places() RETURNS integer
    LANGUAGE sql IMMUTABLE
    RETURN 3;

CREATE TABLE apalis.workers (
    id text NOT NULL,
    worker_type text NOT NULL,
    storage_name text NOT NULL,
    layers text DEFAULT ''::text NOT NULL,
    last_seen timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone
);

CREATE FUNCTION prewarm.prewarms() RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (EXISTS (SELECT FROM apalis.workers w WHERE ((w.worker_type = 'prewarm'::text) AND (w.last_seen > (now() - '00:00:10'::interval)))));

CREATE FUNCTION prewarm.promote(orgs uuid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update apalis.jobs j
     set priority = 0
   where j.job_type = 'rebuild'
     and j.priority < 0
     and j.status = 'Pending'
     and prewarm.org_of(j.idempotency_key) = any(orgs);
end $$;

CREATE FUNCTION prewarm.push_backfill(orgs uuid[]) RETURNS integer
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  pushed int;
begin
  insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key, priority)
  select prewarm.new_job_id(), 'rebuild',
         convert_to(json_build_object('kind', 'rebuild', 'org_id', org_id)::text, 'UTF8'),
         prewarm.quarantine_starts(), 'rebuild:' || org_id, -1
    from unnest(orgs) as org_id
   order by org_id
      on conflict (job_type, idempotency_key) do nothing;
  get diagnostics pushed = row_count;
  return pushed;
end $$;

CREATE FUNCTION prewarm.push_rebuilds(orgs uuid[]) RETURNS integer
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  pushed int;
begin
  insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key, run_at)
  select prewarm.new_job_id(), 'rebuild',
         convert_to(json_build_object('kind', 'rebuild', 'org_id', o.org_id)::text, 'UTF8'),
         prewarm.quarantine_starts(), 'rebuild:' || o.org_id,
         -- No later than a gap from now, should the clock have gone back.
         least(greatest(m.rebuilt_at + prewarm.rebuild_gap(), now()), now() + prewarm.rebuild_gap())
    from unnest(orgs) as o (org_id)
    left join prewarm.maintained m on m.org_id = o.org_id
   order by o.org_id
      on conflict (job_type, idempotency_key) do nothing;
  get diagnostics pushed = row_count;
  return pushed;
end $$;

CREATE FUNCTION prewarm.quarantine_pause() RETURNS interval
    LANGUAGE sql IMMUTABLE
    RETURN '00:01:00'::interval;

COMMENT ON FUNCTION prewarm.quarantine_pause() IS 'from one try of an org in quarantine to the next';

CREATE FUNCTION prewarm.quarantine_starts() RETURNS integer
    LANGUAGE sql IMMUTABLE
    RETURN 3;

COMMENT ON FUNCTION prewarm.quarantine_starts() IS 'consecutive starts of an org''s rebuild without a good end that put it in quarantine';

CREATE FUNCTION prewarm.reaches(start timestamp with time zone, span interval) RETURNS TABLE(since timestamp with time zone, until timestamp with time zone)
    LANGUAGE sql IMMUTABLE
    BEGIN ATOMIC
 SELECT reaches.start AS start,
     ((reaches.start + reaches.span) - '00:00:00.000001'::interval)
   WHERE (reaches.start <> prewarm.timeless())
 UNION ALL
  SELECT '-infinity'::timestamp with time zone AS timestamptz,
     (prewarm.first_instant() - '00:00:00.000001'::interval)
   WHERE (reaches.start = prewarm.timeless())
 UNION ALL
  SELECT prewarm.last_instant() AS last_instant,
     'infinity'::timestamp with time zone AS timestamptz
   WHERE (reaches.start = prewarm.timeless());
END;

CREATE FUNCTION prewarm.rebuild_gap() RETURNS interval
    LANGUAGE sql STABLE
    RETURN (COALESCE(NULLIF(current_setting('prewarm.rebuild_gap'::text, true), ''::text), '50 milliseconds'::text))::interval;

CREATE FUNCTION prewarm.refuse_erased() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  number text := new.state #>> '{customer_number,value}';
  erased text;
begin
  -- What erases writes what is left.
  if current_setting('prewarm.erasing', true) = 'on' or not exists (select from prewarm.tombstones) then
    return null;
  end if;
  erased := prewarm.erased_as(
    new.vapi_call_id, new.org_id, null, null,
    case when number ~ '^[+]?[0-9]+$' then ltrim(number, '+') else number end,
    to_timestamp((new.state ->> 'heard_at')::numeric / 1000000));
  if erased = 'call'
     or (erased = 'caller'
         and coalesce(number, new.state #>> '{customer_name,value}', new.state #>> '{summary,value}') is not null)
  then
    raise serialization_failure using message = 'a message of somebody who was erased meanwhile';
  end if;
  return null;
end $_$;

CREATE FUNCTION prewarm.release(job_id text, worker text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  subject text;
begin
  select split_part(j.idempotency_key, '#', 1) into subject
    from apalis.jobs j
   where j.id = job_id and j.lock_by = worker and j.status = 'Running'
     for update;
  if not found then
    return;
  end if;
  update prewarm.leases l set until = now() where l.holder = job_id;
  begin
    update apalis.jobs j
       set status = 'Pending', attempts = greatest(j.attempts - 1, 0), lock_by = null, lock_at = null,
           idempotency_key = subject
     where j.id = job_id;
  exception when unique_violation then
    -- Another job of the subject waits already.
    delete from apalis.jobs j where j.id = job_id;
  end;
end $$;

CREATE FUNCTION prewarm.release_strays(worker text, held text[], since timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  strays int;
begin
  perform prewarm.release(j.id, worker)
     from apalis.jobs j
    where j.lock_by = worker
      and j.status = 'Running'
      and j.lock_at <= since
      and j.id <> all (held);
  get diagnostics strays = row_count;
  return strays;
end $$;

CREATE FUNCTION prewarm.renew_if_behind(installation uuid, seen xid8) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform pg_advisory_xact_lock(hashtext('prewarm.installation'));
  if not exists (select from prewarm.installation i where i.id = installation)
     or pg_snapshot_xmax(pg_current_snapshot()) >= seen then
    return false;
  end if;
  perform prewarm.begin_installation();
  return true;
end $$;

CREATE FUNCTION prewarm.renew_installation() RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform pg_advisory_xact_lock(hashtext('prewarm.installation'));
  if coalesce((select p.is_original and p.is_of_cluster from prewarm.present_installation p), false) then
    return false;
  end if;
  perform prewarm.begin_installation();
  return true;
end $$;

CREATE FUNCTION prewarm.retry(job_id text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  subject text;
begin
  select split_part(j.idempotency_key, '#', 1) into subject
    from apalis.jobs j
   where j.id = job_id and j.status = 'Killed'
     for update;
  if not found then
    return false;
  end if;
  delete from prewarm.leases l where l.holder = job_id;
  update prewarm.assistants s
     set refused_hash = null, refusal = null, not_before = null, attempts = 0
   where s.agent_id = prewarm.agent_of(subject);
  begin
    update apalis.jobs j
       set status = 'Pending', attempts = 0, run_at = now(), lock_by = null, lock_at = null, done_at = null,
           idempotency_key = subject
     where j.id = job_id;
  exception when unique_violation then
    -- The subject waits already.
    delete from apalis.jobs j where j.id = job_id;
  end;
  return true;
end $$;

CREATE PROCEDURE prewarm.seal()
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  routine regprocedure;
  open record;
begin
  for routine in
    select p.oid
      from pg_proc p
      join pg_language l on l.oid = p.prolang
     where p.pronamespace = 'prewarm'::regnamespace
       and (l.lanname = 'plpgsql' or l.lanname = 'sql' and p.provolatile = 'v' and p.prosqlbody is null)
       and p.proname not like 'mark\_new\_%'
       and not exists (select from unnest(p.proconfig) as setting where setting like 'search\_path=%')
  loop
    execute format('alter routine %s set search_path = pg_catalog, pg_temp', routine);
  end loop;
  for open in select * from prewarm.open_to_others() loop
    execute format('revoke all on %s from %s', open.object, open.grantee);
  end loop;
end $$;

CREATE FUNCTION prewarm.sentiment_of(label text) RETURNS integer
    LANGUAGE sql IMMUTABLE
    RETURN CASE label WHEN 'positive'::text THEN 1 WHEN 'negative'::text THEN '-1'::integer ELSE 0 END;

CREATE FUNCTION prewarm.span_of(span interval, at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN ((at >= prewarm.first_instant()) AND (at < prewarm.last_instant())) THEN date_bin(span, at, '2000-01-01 00:00:00+00'::timestamp with time zone) ELSE prewarm.timeless() END;

CREATE FUNCTION prewarm.spans_between(org uuid, since timestamp with time zone, until timestamp with time zone, span interval) RETURNS TABLE(start timestamp with time zone, total_calls bigint, inbound_calls bigint, outbound_calls bigint, answered_calls bigint, duration_total bigint, duration_calls bigint, sentiment_total numeric, sentiment_calls bigint, successful_calls bigint, appointments bigint)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT COALESCE(k.start, a.start) AS "coalesce",
     COALESCE(k.total_calls, (0)::bigint) AS "coalesce",
     COALESCE(k.inbound_calls, (0)::bigint) AS "coalesce",
     COALESCE(k.outbound_calls, (0)::bigint) AS "coalesce",
     COALESCE(k.answered_calls, (0)::bigint) AS "coalesce",
     COALESCE(k.duration_total, (0)::bigint) AS "coalesce",
     COALESCE(k.duration_calls, (0)::bigint) AS "coalesce",
     COALESCE(k.sentiment_total, (0)::numeric) AS "coalesce",
     COALESCE(k.sentiment_calls, (0)::bigint) AS "coalesce",
     COALESCE(k.successful_calls, (0)::bigint) AS "coalesce",
     COALESCE(a.appointments, (0)::bigint) AS "coalesce"
    FROM (( SELECT prewarm.span_of(spans_between.span, s.created_at) AS start,
             count(*) AS total_calls,
             count(*) FILTER (WHERE (s.call_direction = 'inbound'::text)) AS inbound_calls,
             count(*) FILTER (WHERE (s.call_direction = 'outbound'::text)) AS outbound_calls,
             count(*) FILTER (WHERE (s.duration_seconds > 0)) AS answered_calls,
             sum(s.duration_seconds) AS duration_total,
             count(s.duration_seconds) AS duration_calls,
             sum(s.sentiment_score) AS sentiment_total,
             count(s.sentiment_score) AS sentiment_calls,
             count(*) FILTER (WHERE ((s.call_direction = 'inbound'::text) AND (( SELECT b.created_at
                    FROM prewarm.source_appointments b
                   WHERE ((b.org_id = spans_between.org) AND ((b.contact_id >= s.contact_id) AND (b.contact_id <= s.contact_id)) AND (b.status = ANY (ARRAY['pending'::text, 'confirmed'::text, 'in_progress'::text, 'completed'::text])) AND (b.created_at < 'infinity'::timestamp with time zone))
                   ORDER BY b.contact_id DESC, b.created_at DESC
                  LIMIT 1) >= COALESCE(s.started_at, prewarm.instant(s.created_at))) AND ( SELECT (c.org_id = spans_between.org)
                    FROM prewarm.source_contacts c
                   WHERE (c.id = s.contact_id)))) AS successful_calls
            FROM (prewarm.reaches(spans_between.since, (spans_between.until - spans_between.since)) r(since, until)
              CROSS JOIN LATERAL ( SELECT c.id,
                     c.org_id,
                     c.contact_id,
                     c.vapi_call_id,
                     c.phone_number,
                     c.call_direction,
                     c.status,
                     c.duration_seconds,
                     c.sentiment_label,
                     c.sentiment_score,
                     c.summary,
                     c.ended_reason,
                     c.cost_cents,
                     c.is_test_call,
                     c.started_at,
                     c.ended_at,
                     c.created_at
                    FROM prewarm.source_calls c
                   WHERE ((c.org_id = spans_between.org) AND ((c.created_at >= r.since) AND (c.created_at <= r.until)) AND (NOT c.is_test_call))
                   ORDER BY c.created_at DESC, c.id DESC
                  OFFSET 0) s)
           GROUP BY (prewarm.span_of(spans_between.span, s.created_at))) k
      FULL JOIN ( SELECT prewarm.span_of(spans_between.span, b.created_at) AS start,
             count(*) AS appointments
            FROM (prewarm.reaches(spans_between.since, (spans_between.until - spans_between.since)) r(since, until)
              CROSS JOIN LATERAL ( SELECT c.created_at
                    FROM prewarm.source_appointments c
                   WHERE ((c.org_id = spans_between.org) AND ((c.created_at >= r.since) AND (c.created_at <= r.until)) AND (c.status = ANY (ARRAY['pending'::text, 'confirmed'::text, 'in_progress'::text, 'completed'::text])))
                   ORDER BY c.created_at DESC, c.id DESC
                  OFFSET 0) b)
           GROUP BY (prewarm.span_of(spans_between.span, b.created_at))) a ON ((a.start = k.start)));
END;

CREATE FUNCTION prewarm.stale_buckets(org uuid, touched uuid[]) RETURNS integer[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return array(
    select distinct prewarm.bucket_of(one.id)
      from unnest(touched) as one (id)
     where (
       select (c.estimated_value, c.lead_score >= 80) is not distinct from (held.estimated_value, held.lead_score >= 80)
         from prewarm.actionable_leads held
        cross join lateral (select * from prewarm.source_contacts s where s.id = held.id limit 1) c
        where held.id = one.id
          and held.org_id is not distinct from org
          and c.org_id = org
          and c.lead_status in ('new', 'contacted', 'qualified')
     ) is not true
  );
end $$;

CREATE FUNCTION prewarm.start(org uuid, worker text, lease interval) RETURNS SETOF apalis.jobs
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  -- A ULID, which the board reads nothing but, though not of this time. apalis makes its own with 45 expressions, and to set
  -- them up for one takes longer than all else here.
  job_id constant text := '0' || upper(left(replace(gen_random_uuid()::text, '-', ''), 25));
begin
  return query
  with leased as (
    insert into prewarm.leases as held (org_id, holder, until)
    select org, job_id, now() + lease
     where not exists (
             select from apalis.jobs j where j.job_type = 'rebuild' and j.idempotency_key = 'rebuild:' || org
           )
       and not exists (
             select from prewarm.maintained m where m.org_id = org and m.rebuilt_at + prewarm.rebuild_gap() > now()
           )
        on conflict (org_id) do update
       set holder = excluded.holder,
           starts = case held.holder when 'resting' then 1 else held.starts + 1 end,
           until = case
                     when held.holder = 'resting' or held.starts + 1 < prewarm.quarantine_starts() then excluded.until
                     else greatest(excluded.until, now() + prewarm.quarantine_pause())
                   end
     where held.until <= now()
    returning starts
  )
  insert into apalis.jobs as made (id, job_type, job, status, attempts, max_attempts, lock_by, lock_at, idempotency_key)
  select job_id, 'rebuild', convert_to(json_build_object('kind', 'rebuild', 'org_id', org)::text, 'UTF8'), 'Running',
         leased.starts, prewarm.quarantine_starts(), worker, now(), 'rebuild:' || org || '#' || job_id
    from leased
  returning made.*;
end $$;

CREATE TABLE prewarm.sums (
    org_id uuid NOT NULL,
    level smallint NOT NULL,
    start timestamp with time zone NOT NULL,
    total_calls bigint NOT NULL,
    inbound_calls bigint NOT NULL,
    outbound_calls bigint NOT NULL,
    answered_calls bigint NOT NULL,
    duration_total bigint NOT NULL,
    duration_calls bigint NOT NULL,
    sentiment_total numeric NOT NULL,
    sentiment_calls bigint NOT NULL,
    successful_calls bigint NOT NULL,
    appointments bigint NOT NULL
)
WITH (fillfactor='80');

COMMENT ON COLUMN prewarm.sums.level IS '0 a bin of ten seconds, 1 an hour, 2 a day, 3 a month, 4 a year; in UTC';

COMMENT ON COLUMN prewarm.sums.start IS 'its first instant';

CREATE FUNCTION prewarm.sums_of(org uuid) RETURNS SETOF prewarm.sums
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH hours AS MATERIALIZED (
          SELECT p.start,
             p.total_calls,
             p.inbound_calls,
             p.outbound_calls,
             p.answered_calls,
             p.duration_total,
             p.duration_calls,
             p.sentiment_total,
             p.sentiment_calls,
             p.successful_calls,
             p.appointments
            FROM prewarm.hours_of(sums_of.org) p(start, total_calls, inbound_calls, outbound_calls, answered_calls, duration_total, duration_calls, sentiment_total, sentiment_calls, successful_calls, appointments)
         ), days AS MATERIALIZED (
          SELECT date_trunc('day'::text, hours.start, 'UTC'::text) AS start,
             sum(hours.total_calls) AS total_calls,
             sum(hours.inbound_calls) AS inbound_calls,
             sum(hours.outbound_calls) AS outbound_calls,
             sum(hours.answered_calls) AS answered_calls,
             sum(hours.duration_total) AS duration_total,
             sum(hours.duration_calls) AS duration_calls,
             sum(hours.sentiment_total) AS sentiment_total,
             sum(hours.sentiment_calls) AS sentiment_calls,
             sum(hours.successful_calls) AS successful_calls,
             sum(hours.appointments) AS appointments
            FROM hours
           GROUP BY (date_trunc('day'::text, hours.start, 'UTC'::text))
         ), above AS (
          SELECT l.level,
             l.start,
             (sum(d.total_calls))::bigint AS sum,
             (sum(d.inbound_calls))::bigint AS sum,
             (sum(d.outbound_calls))::bigint AS sum,
             (sum(d.answered_calls))::bigint AS sum,
             (sum(d.duration_total))::bigint AS sum,
             (sum(d.duration_calls))::bigint AS sum,
             sum(d.sentiment_total) AS sum,
             (sum(d.sentiment_calls))::bigint AS sum,
             (sum(d.successful_calls))::bigint AS sum,
             (sum(d.appointments))::bigint AS sum
            FROM (days d
              CROSS JOIN LATERAL ( VALUES ((2)::smallint,d.start), ((3)::smallint,date_trunc('month'::text, d.start, 'UTC'::text)), ((4)::smallint,date_trunc('year'::text, d.start, 'UTC'::text))) l(level, start))
           GROUP BY l.level, l.start
         )
  SELECT sums_of.org AS org,
     (1)::smallint AS int2,
     h.start,
     h.total_calls,
     h.inbound_calls,
     h.outbound_calls,
     h.answered_calls,
     h.duration_total,
     h.duration_calls,
     h.sentiment_total,
     h.sentiment_calls,
     h.successful_calls,
     h.appointments
    FROM hours h
 UNION ALL
  SELECT sums_of.org AS org,
     a.level,
     a.start,
     a.sum,
     a.sum_1 AS sum,
     a.sum_2 AS sum,
     a.sum_3 AS sum,
     a.sum_4 AS sum,
     a.sum_5 AS sum,
     a.sum_6 AS sum,
     a.sum_7 AS sum,
     a.sum_8 AS sum,
     a.sum_9 AS sum
    FROM above a(level, start, sum, sum_1, sum_2, sum_3, sum_4, sum_5, sum_6, sum_7, sum_8, sum_9);
END;

CREATE FUNCTION prewarm.system_identifier() RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (select c.system_identifier from pg_control_system() c);
exception when others then
  return null;
end $$;

CREATE FUNCTION prewarm.take(worker text, queue text, n integer, lease interval) RETURNS SETOF apalis.jobs
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return query
  with urgent as (
    select d.id, d.subject
      from prewarm.due_jobs d
     where d.job_type = queue
       and d.priority >= 0
     order by d.priority desc, d.run_at
     limit n
       for update skip locked
  ),
  running as (
    select count(*) as jobs, count(*) filter (where j.priority < 0) as later
      from apalis.jobs j
     where j.lock_by = worker
       and j.status = 'Running'
  ),
  later as (
    select d.id, d.subject
      from prewarm.due_jobs d
     where d.job_type = queue
       and d.priority < 0
     order by d.priority desc, d.run_at
     limit (select greatest(0, least(n - (select count(*) from urgent), (n + r.jobs + 1) / 2 - r.later)) from running r)
       for update skip locked
  ),
  due as (
    select urgent.id, urgent.subject from urgent union all select later.id, later.subject from later
  ),
  leased as (
    insert into prewarm.leases as held (org_id, holder, until)
    select prewarm.org_of(due.subject), due.id, now() + lease
      from due
     where prewarm.org_of(due.subject) is not null
        on conflict (org_id) do update
       set holder = excluded.holder,
           starts = case held.holder when 'resting' then 1 else held.starts + 1 end,
           until = case
                     when held.holder = 'resting' or held.starts + 1 < prewarm.quarantine_starts() then excluded.until
                     else greatest(excluded.until, now() + prewarm.quarantine_pause())
                   end
    returning holder, starts
  )
  update apalis.jobs j
     set status = 'Running',
         attempts = coalesce((select leased.starts from leased where leased.holder = j.id), j.attempts + 1),
         lock_by = worker,
         lock_at = now(),
         done_at = null,
         idempotency_key = j.idempotency_key || '#' || j.id
   where j.id = any (array(select due.id from due))
  returning j.*;
end $$;

CREATE FUNCTION prewarm.test_call_joins() RETURNS interval
    LANGUAGE sql IMMUTABLE
    RETURN '00:00:15'::interval;

CREATE FUNCTION prewarm.test_call_patience() RETURNS interval
    LANGUAGE sql IMMUTABLE
    RETURN '00:00:03'::interval;

CREATE FUNCTION prewarm.test_call_waits() RETURNS interval
    LANGUAGE sql IMMUTABLE
    RETURN '00:00:30'::interval;

CREATE FUNCTION prewarm.timeline() RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return case when not pg_is_in_recovery() then substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) end;
exception when others then
  return null;
end $$;

CREATE FUNCTION prewarm.tombstone_of(name text) RETURNS bytea
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (select sha256(k.key || sha256(k.key || convert_to(name, 'UTF8'))) from prewarm.erasure_key k);
end $$;

CREATE FUNCTION prewarm.touched_bins(org uuid) RETURNS timestamp with time zone[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return array(
    select bin from prewarm.marks m cross join unnest(m.bins) bin where m.org_id = org
    union
    select prewarm.bin_of(k.created_at)
      from (select distinct id from prewarm.marks m cross join unnest(m.booked) id where m.org_id = org) one
     cross join lateral (
       select s.created_at
         from prewarm.source_calls s
        where s.contact_id = one.id
          and s.org_id is not distinct from org
       offset 0
     ) k
  );
end $$;

CREATE FUNCTION prewarm.touched_leads(org uuid, at timestamp with time zone) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return array(
    select id from prewarm.marks m cross join unnest(m.contacts) id where m.org_id = org and id is not null
    union
    select c.id
      from (
        select distinct phone from prewarm.marks m cross join unnest(m.phones) phone where m.org_id = org and phone is not null
      ) one
     cross join lateral (
       select s.id
         from prewarm.source_contacts s
        where s.org_id = org
          and s.phone between one.phone and one.phone
        order by s.phone
       offset 0
     ) c
    union
    select l.id
      from (
        select held.id
          from prewarm.actionable_leads held
         where held.org_id = org
           and held.urgency_until <= at
         order by held.urgency_until
        offset 0
      ) l
  );
end $$;

CREATE PROCEDURE prewarm.unwatch(IN source regclass)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  execute format('drop trigger if exists prewarm_insert on %s', source);
  execute format('drop trigger if exists prewarm_update on %s', source);
  execute format('drop trigger if exists prewarm_delete on %s', source);
  execute format('drop trigger if exists prewarm_truncate on %s', source);
end $$;

CREATE FUNCTION prewarm.walk() RETURNS integer
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  pushed int;
begin
  with step as (
    -- One with a lease is being built.
    select o.id,
           v.org_id is null
             and not exists (select from prewarm.leases l where l.org_id = o.id and l.until > statement_timestamp()) as unbuilt
      from prewarm.source_organizations o
      left join prewarm.versions v on v.org_id = o.id
     where o.id >= (select b.next_org from prewarm.backfill b)
     order by o.id
     limit 1000
  ),
  found as (
    select id from step where unbuilt order by id limit 100
  ),
  -- The first that is left to the next step: what comes after a hundred found, or after all that was looked at.
  rest as (
    select id
      from prewarm.source_organizations
     where id > (select case when (select count(*) from found) = 100 then (select id from found order by id desc limit 1)
                             else (select id from step order by id desc limit 1) end)
     order by id
     limit 1
  ),
  walked as (
    update prewarm.backfill set next_org = (select id from rest)
  )
  select prewarm.push_backfill(array(select id from found)) into pushed;
  return pushed;
end $$;

CREATE PROCEDURE prewarm.watch(IN source regclass, IN on_insert regproc DEFAULT 'prewarm.mark_inserted'::regproc, IN on_update regproc DEFAULT 'prewarm.mark_updated'::regproc, IN on_delete regproc DEFAULT 'prewarm.mark_deleted'::regproc)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  execute format(
    'create trigger prewarm_insert after insert on %s '
    'referencing new table as new_rows for each statement execute function %s()', source, on_insert);
  execute format(
    'create trigger prewarm_update after update on %s '
    'referencing old table as old_rows new table as new_rows for each statement execute function %s()', source, on_update);
  execute format(
    'create trigger prewarm_delete after delete on %s '
    'referencing old table as old_rows for each statement execute function %s()', source, on_delete);
  execute format(
    'create trigger prewarm_truncate after truncate on %s '
    'for each statement execute function prewarm.mark_truncated()', source);
  execute format(
    'alter table %s enable always trigger prewarm_insert, enable always trigger prewarm_update, '
    'enable always trigger prewarm_delete, enable always trigger prewarm_truncate', source);
end $$;

CREATE PROCEDURE prewarm.watch_with(IN source regclass, IN mark regproc)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  execute format(
    'create trigger prewarm_insert after insert on %s '
    'referencing new table as new_rows for each statement execute function %s()', source, mark);
  execute format(
    'create trigger prewarm_update after update on %s '
    'referencing old table as old_rows new table as new_rows for each statement execute function %s()', source, mark);
  execute format(
    'create trigger prewarm_delete after delete on %s '
    'referencing old table as old_rows for each statement execute function %s()', source, mark);
  execute format(
    'create trigger prewarm_truncate after truncate on %s for each statement execute function %s()', source, mark);
  execute format(
    'alter table %s enable always trigger prewarm_insert, enable always trigger prewarm_update, '
    'enable always trigger prewarm_delete, enable always trigger prewarm_truncate', source);
end $$;

CREATE PROCEDURE prewarm.write_above(IN org uuid, IN above integer, IN starts timestamp with time zone[])
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  length constant interval := (array['1 hour', '1 day', '1 month', '1 year'])[above];
begin
  insert into prewarm.sums
  select org, above, p.start, s.*
    from unnest(starts) as p (start)
   cross join lateral (
     select coalesce(sum(b.total_calls), 0), coalesce(sum(b.inbound_calls), 0), coalesce(sum(b.outbound_calls), 0),
            coalesce(sum(b.answered_calls), 0), coalesce(sum(b.duration_total), 0),
            coalesce(sum(b.duration_calls), 0), coalesce(sum(b.sentiment_total), 0),
            coalesce(sum(b.sentiment_calls), 0), coalesce(sum(b.successful_calls), 0),
            coalesce(sum(b.appointments), 0)
       from prewarm.sums b
      where b.org_id = org
        and b.level = above - 1
        and b.start >= p.start
        and b.start < (p.start at time zone 'UTC' + length) at time zone 'UTC'
   ) s
      on conflict (org_id, level, start) do update
     set (total_calls, inbound_calls, outbound_calls, answered_calls, duration_total, duration_calls, sentiment_total,
          sentiment_calls, successful_calls, appointments)
       = (excluded.total_calls, excluded.inbound_calls, excluded.outbound_calls, excluded.answered_calls,
          excluded.duration_total, excluded.duration_calls, excluded.sentiment_total, excluded.sentiment_calls,
          excluded.successful_calls, excluded.appointments);
end $$;

CREATE PROCEDURE prewarm.write_bins(IN org uuid, IN hours timestamp with time zone[])
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into prewarm.sums
  select org, 0, p.* from unnest(hours) as start
   cross join lateral prewarm.spans_between(org, start, start + interval '1 hour', '10 seconds') p;
  insert into prewarm.sums
  select org, 0, start, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 from unnest(hours) as start
      on conflict (org_id, level, start) do nothing;
end $$;

CREATE PROCEDURE prewarm.write_lead_sums(IN org uuid, IN buckets integer[])
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into prewarm.lead_sums (org_id, level, bucket, pipeline_total, hot_leads)
  select org, 0, b.bucket, l.pipeline_total, l.hot_leads
    from unnest(buckets) as b (bucket)
   cross join lateral (
     select coalesce(sum(m.estimated_value), 0) as pipeline_total,
            count(*) filter (where m.lead_score >= 80) as hot_leads
       from (
         select held.estimated_value, held.lead_score
           from prewarm.actionable_leads held
          where held.org_id = org
            and prewarm.bucket_of(held.id) between b.bucket and b.bucket
          order by prewarm.bucket_of(held.id)
         offset 0
       ) m
   ) l
      on conflict (org_id, level, bucket) do update
     set (pipeline_total, hot_leads) = (excluded.pipeline_total, excluded.hot_leads);
  insert into prewarm.lead_sums (org_id, level, bucket, pipeline_total, hot_leads)
  select org, 1, b.bucket, l.pipeline_total, l.hot_leads
    from (select distinct bucket / 32 as bucket from unnest(buckets) as bucket) b
   cross join lateral (
     select sum(m.pipeline_total) as pipeline_total,
            sum(m.hot_leads) as hot_leads
       from prewarm.lead_sums m
      where m.org_id = org
        and m.level = 0
        and m.bucket between b.bucket * 32 and b.bucket * 32 + 31
   ) l
      on conflict (org_id, level, bucket) do update
     set (pipeline_total, hot_leads) = (excluded.pipeline_total, excluded.hot_leads);
end $$;

CREATE PROCEDURE prewarm.write_leads(IN org uuid, IN at timestamp with time zone, IN touched uuid[])
    LANGUAGE plpgsql
    SET enable_nestloop TO 'off'
    SET enable_hashjoin TO 'on'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  with wanted as materialized (
    select l.* from prewarm.leads_of(org, at, touched) l
  ),
  gone as (
    delete from prewarm.actionable_leads held
     where held.id = any(touched)
       -- Not `=`: the key finds the rows, and no other index is to be thought of.
       and held.org_id is not distinct from org
       -- Asked of the source, by its key: a join with what is wanted could be planned for ten and run for ten thousand.
       and (select c.lead_status in ('new', 'contacted', 'qualified') and c.org_id = org
              from prewarm.source_contacts c
             where c.id = held.id) is not true
  )
  insert into prewarm.actionable_leads (
    id, org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
    last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
    lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until
  )
  select *
    from wanted
   -- Only what differs: ON CONFLICT locks a row even where it then changes nothing.
   where (
     select (same.org_id, same.contact_name, same.phone_number, same.email, same.lead_score, same.lead_status,
             same.service_interests, same.estimated_value, same.last_contact_at, same.created_at, same.total_calls,
             same.last_call_at, same.duration_total, same.duration_calls, same.sentiment_total, same.lead_temperature,
             same.follow_up_urgency, same.last_call_summary, same.urgency_rank, same.urgency_until)
            is not distinct from
            (wanted.org_id, wanted.contact_name, wanted.phone_number, wanted.email, wanted.lead_score, wanted.lead_status,
             wanted.service_interests, wanted.estimated_value, wanted.last_contact_at, wanted.created_at,
             wanted.total_calls, wanted.last_call_at, wanted.duration_total, wanted.duration_calls, wanted.sentiment_total,
             wanted.lead_temperature, wanted.follow_up_urgency, wanted.last_call_summary, wanted.urgency_rank,
             wanted.urgency_until)
       from prewarm.actionable_leads same
      where same.id = wanted.id
   ) is not true
   -- In one order, so that two rebuilds of an org wait for one another instead of deadlocking.
   order by id
      on conflict (id) do update
     set (org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
          last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
          lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until)
       = (excluded.org_id, excluded.contact_name, excluded.phone_number, excluded.email, excluded.lead_score,
          excluded.lead_status, excluded.service_interests, excluded.estimated_value, excluded.last_contact_at,
          excluded.created_at, excluded.total_calls, excluded.last_call_at, excluded.duration_total,
          excluded.duration_calls, excluded.sentiment_total, excluded.lead_temperature, excluded.follow_up_urgency,
          excluded.last_call_summary, excluded.urgency_rank, excluded.urgency_until);
end $$;

CREATE PROCEDURE prewarm.write_spans(IN org uuid, IN bins timestamp with time zone[], IN hours timestamp with time zone[])
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into prewarm.sums
  select org, one.level, one.start, coalesce(p.total_calls, 0), coalesce(p.inbound_calls, 0),
         coalesce(p.outbound_calls, 0), coalesce(p.answered_calls, 0), coalesce(p.duration_total, 0),
         coalesce(p.duration_calls, 0), coalesce(p.sentiment_total, 0), coalesce(p.sentiment_calls, 0),
         coalesce(p.successful_calls, 0), coalesce(p.appointments, 0)
    from (
      select distinct 0 as level, start, interval '10 seconds' as span from unnest(bins) as start
      union all
      select 1, start, interval '1 hour' from unnest(hours) as start
    ) one
    left join lateral prewarm.spans_between(org, one.start, one.start + one.span, one.span) p on true
      on conflict (org_id, level, start) do update
     set (total_calls, inbound_calls, outbound_calls, answered_calls, duration_total, duration_calls, sentiment_total,
          sentiment_calls, successful_calls, appointments)
       = (excluded.total_calls, excluded.inbound_calls, excluded.outbound_calls, excluded.answered_calls,
          excluded.duration_total, excluded.duration_calls, excluded.sentiment_total, excluded.sentiment_calls,
          excluded.successful_calls, excluded.appointments);
end $$;

CREATE PROCEDURE prewarm.write_sums(IN org uuid, IN at timestamp with time zone, IN bins timestamp with time zone[])
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  -- Hours that are kept by bins and their bins, hours that are not, and the first instants of a level.
  dense  timestamptz[];
  fine   timestamptz[];
  sparse timestamptz[];
  starts timestamptz[];
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
    call prewarm.write_above(org, 1, dense);
  end if;
  starts := dense || sparse;
  for above in 2..4 loop
    starts := array(
      select distinct date_trunc((array['hour', 'day', 'month', 'year'])[above], start, 'UTC') from unnest(starts) as start
    );
    call prewarm.write_above(org, above, starts);
  end loop;
  dense := prewarm.newly_dense(org, at, sparse);
  if cardinality(dense) > 0 then
    call prewarm.write_bins(org, dense);
  end if;
end $$;

CREATE TABLE apalis._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);

CREATE TABLE public.agents (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    call_direction text DEFAULT 'inbound'::text NOT NULL,
    name text NOT NULL,
    system_prompt text,
    first_message text,
    voice jsonb,
    model jsonb,
    vapi_assistant_id text,
    config_hash text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT agents_call_direction_check CHECK ((call_direction = ANY (ARRAY['inbound'::text, 'outbound'::text])))
);

COMMENT ON COLUMN public.agents.voice IS 'Vapi''s own voice object';

COMMENT ON COLUMN public.agents.model IS 'Vapi''s own model object; the system prompt becomes the first of its messages';

COMMENT ON COLUMN public.agents.config_hash IS 'hash of what Vapi holds; the wanted hash is derived from the row';

CREATE VIEW prewarm.source_agents AS
 SELECT agents.id,
    agents.org_id,
    agents.call_direction,
    agents.name,
    agents.system_prompt,
    agents.first_message,
    agents.voice,
    agents.model,
    agents.vapi_assistant_id,
    agents.config_hash
   FROM public.agents;

CREATE VIEW prewarm.agents_to_warm AS
 SELECT a.id,
    a.org_id,
    a.call_direction,
    a.name,
    a.system_prompt,
    a.first_message,
    a.voice,
    a.model,
        CASE
            WHEN ((a.vapi_assistant_id <> ''::text) AND (NOT (EXISTS ( SELECT
               FROM prewarm.source_agents other
              WHERE ((other.vapi_assistant_id = a.vapi_assistant_id) AND (other.org_id = a.org_id) AND (other.id < a.id)))))) THEN a.vapi_assistant_id
            ELSE NULL::text
        END AS vapi_assistant_id,
    a.config_hash,
    ((a.vapi_assistant_id <> ''::text) AND (EXISTS ( SELECT
           FROM prewarm.source_agents other
          WHERE ((other.vapi_assistant_id = a.vapi_assistant_id) AND (other.org_id <> a.org_id))))) AS is_contested
   FROM prewarm.source_agents a;

CREATE TABLE prewarm.backfill (
    next_org uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid,
    singleton boolean DEFAULT true NOT NULL,
    CONSTRAINT backfill_singleton_check CHECK (singleton)
);

COMMENT ON TABLE prewarm.backfill IS 'the walk over all orgs in search of those that nobody has built';

COMMENT ON COLUMN prewarm.backfill.next_org IS 'where it goes on; null when it is through';

CREATE TABLE prewarm.blobs (
    org_id uuid NOT NULL,
    model text NOT NULL,
    digest bytea NOT NULL,
    bytes bytea NOT NULL,
    format integer NOT NULL,
    CONSTRAINT blobs_digest_check CHECK ((length(digest) = 16))
);
ALTER TABLE ONLY prewarm.blobs ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE prewarm.call_states (
    vapi_call_id text NOT NULL,
    org_id uuid NOT NULL,
    state jsonb NOT NULL,
    updated_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
);

CREATE TABLE public.phone_numbers (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    phone_number text,
    vapi_phone_number_id text,
    agent_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE VIEW prewarm.source_phone_numbers AS
 SELECT phone_numbers.id,
    phone_numbers.org_id,
    phone_numbers.phone_number,
    phone_numbers.vapi_phone_number_id,
    phone_numbers.agent_id
   FROM public.phone_numbers;

CREATE VIEW prewarm.contested AS
 SELECT 'assistant'::text AS kind,
    source_agents.vapi_assistant_id AS name
   FROM prewarm.source_agents
  WHERE (source_agents.vapi_assistant_id <> ''::text)
  GROUP BY source_agents.vapi_assistant_id
 HAVING (count(DISTINCT source_agents.org_id) > 1)
UNION ALL
 SELECT 'number'::text AS kind,
    source_phone_numbers.vapi_phone_number_id AS name
   FROM prewarm.source_phone_numbers
  WHERE (source_phone_numbers.vapi_phone_number_id <> ''::text)
  GROUP BY source_phone_numbers.vapi_phone_number_id
 HAVING (count(DISTINCT source_phone_numbers.org_id) > 1);

CREATE TABLE prewarm.cron_slots (
    name text NOT NULL,
    slot timestamp with time zone NOT NULL,
    fired_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
);

CREATE VIEW prewarm.due_jobs AS
 SELECT j.id,
    j.job_type,
    j.priority,
    j.run_at,
    j.idempotency_key AS subject
   FROM apalis.jobs j
  WHERE ((j.run_at <= now()) AND ((j.status = 'Pending'::text) OR ((j.status = 'Failed'::text) AND (j.attempts < j.max_attempts))) AND COALESCE(( SELECT (l.until <= now())
           FROM prewarm.leases l
          WHERE (l.org_id = prewarm.org_of(j.idempotency_key))), true));

CREATE VIEW prewarm.due_prewarms AS
 SELECT d.id,
    d.priority,
    d.run_at,
    d.subject,
    (d.subject ~~ 'test\_call:%'::text) AS is_test_call
   FROM prewarm.due_jobs d
  WHERE ((d.job_type = 'prewarm'::text) AND (NOT (EXISTS ( SELECT
           FROM prewarm.assistants s
          WHERE ((s.agent_id = prewarm.agent_of(d.subject)) AND (s.until > now()))))));

CREATE TABLE prewarm.installation (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    epoch bigint NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    database oid NOT NULL,
    timeline text,
    system_identifier bigint,
    singleton boolean DEFAULT true NOT NULL,
    CONSTRAINT installation_epoch_check CHECK ((epoch > 0)),
    CONSTRAINT installation_singleton_check CHECK (singleton)
);

COMMENT ON TABLE prewarm.installation IS 'one row; the columns from xid on tell the row that was written here from a copy of it';

COMMENT ON COLUMN prewarm.installation.id IS 'random; part of every key and channel in Redis';

COMMENT ON COLUMN prewarm.installation.epoch IS 'leads every version and receipt, since counts may come a second time after a restore';

COMMENT ON COLUMN prewarm.installation.xid IS 'the transaction that wrote the row: a dump copies this column, but not the row''s xmin';

COMMENT ON COLUMN prewarm.installation.database IS 'the database''s oid: a database made from a template has another';

COMMENT ON COLUMN prewarm.installation.timeline IS 'of the WAL: recovery to a point in time, and promotion, begin another; null where the server does not tell';

COMMENT ON COLUMN prewarm.installation.system_identifier IS 'of the cluster; null where the server does not tell';

CREATE VIEW prewarm.epoch AS
 SELECT installation.epoch
   FROM prewarm.installation;

COMMENT ON VIEW prewarm.epoch IS 'the present epoch, for receipts';

CREATE TABLE prewarm.erasure_key (
    key bytea NOT NULL,
    singleton boolean DEFAULT true NOT NULL,
    CONSTRAINT erasure_key_key_check CHECK ((length(key) = 32)),
    CONSTRAINT erasure_key_singleton_check CHECK (singleton)
);

ALTER TABLE prewarm.erasures ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME prewarm.erasures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE prewarm.events (
    id bigint NOT NULL,
    dedupe_key text NOT NULL,
    type text NOT NULL,
    vapi_call_id text,
    assistant_id text,
    phone_number_id text,
    org_id uuid,
    received_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    epoch bigint NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    body jsonb,
    replay_after timestamp with time zone,
    replay_xid xid8,
    erased text,
    CONSTRAINT events_erased_check CHECK ((erased = ANY (ARRAY['call'::text, 'caller'::text])))
);

COMMENT ON COLUMN prewarm.events.dedupe_key IS 'one event, however often it is sent';

COMMENT ON COLUMN prewarm.events.org_id IS 'by our own maps of assistants and numbers; null: parked until a map has it';

COMMENT ON COLUMN prewarm.events.xid IS 'the transaction that took it: with the epoch, its receipt';

COMMENT ON COLUMN prewarm.events.body IS 'as received, secrets redacted; null once its retention has passed, when only the key is kept';

COMMENT ON COLUMN prewarm.events.replay_after IS 'parked, and its effect could not be written: not tried again before';

COMMENT ON COLUMN prewarm.events.replay_xid IS 'the transaction of its effect, where that is not the one that took it';

COMMENT ON COLUMN prewarm.events.erased IS 'its body is gone for good: it told of an erased call, or of an erased caller';

ALTER TABLE prewarm.events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME prewarm.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.organizations (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    timezone text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON COLUMN public.organizations.timezone IS 'IANA name; null or unknown counts as UTC';

CREATE VIEW prewarm.source_organizations AS
 SELECT organizations.id,
    "left"(organizations.name, 512) AS name,
    "left"(btrim(organizations.timezone, ' 	
'::text), 100) AS timezone
   FROM public.organizations;

CREATE MATERIALIZED VIEW prewarm.fleet_pulse AS
 WITH of_contacts AS (
         SELECT source_contacts.org_id,
            count(*) AS contacts,
            count(*) FILTER (WHERE (source_contacts.lead_status = ANY (ARRAY['new'::text, 'contacted'::text, 'qualified'::text]))) AS actionable_leads
           FROM prewarm.source_contacts
          GROUP BY source_contacts.org_id
        ), of_orgs AS (
         SELECT o.id AS org_id,
            COALESCE(c.contacts, (0)::bigint) AS contacts,
            COALESCE(c.actionable_leads, (0)::bigint) AS actionable_leads,
            k.total_calls,
            k.inbound_calls,
            k.talk_seconds,
            ( SELECT max(l.created_at) AS max
                   FROM prewarm.source_calls l
                  WHERE ((l.org_id = o.id) AND (l.created_at >= prewarm.first_instant()) AND (l.created_at <= prewarm.last_instant()) AND (NOT l.is_test_call))) AS last_call_at
           FROM ((prewarm.source_organizations o
             LEFT JOIN of_contacts c ON ((c.org_id = o.id)))
             CROSS JOIN LATERAL ( SELECT COALESCE(sum(s.total_calls), (0)::numeric) AS total_calls,
                    COALESCE(sum(s.inbound_calls), (0)::numeric) AS inbound_calls,
                    COALESCE(sum(s.duration_total), (0)::numeric) AS talk_seconds
                   FROM prewarm.sums s
                  WHERE ((s.org_id = o.id) AND (s.level = 3))) k)
        )
 SELECT of_orgs.org_id,
    (sum(of_orgs.contacts))::bigint AS contacts,
    (sum(of_orgs.actionable_leads))::bigint AS actionable_leads,
    (sum(of_orgs.total_calls))::bigint AS total_calls,
    (sum(of_orgs.inbound_calls))::bigint AS inbound_calls,
    (sum(of_orgs.talk_seconds))::bigint AS talk_seconds,
    max(of_orgs.last_call_at) AS last_call_at
   FROM of_orgs
  GROUP BY GROUPING SETS ((of_orgs.org_id), ())
  WITH NO DATA;

CREATE TABLE prewarm.fleet_pulse_made (
    versions bigint NOT NULL,
    as_of timestamp with time zone,
    singleton boolean DEFAULT true NOT NULL,
    CONSTRAINT fleet_pulse_made_singleton_check CHECK (singleton)
);

COMMENT ON COLUMN prewarm.fleet_pulse_made.versions IS 'the sum of all orgs'' counts';

COMMENT ON COLUMN prewarm.fleet_pulse_made.as_of IS 'the newest instant of any';

CREATE TABLE prewarm.nodes (
    name text NOT NULL,
    works boolean NOT NULL,
    format integer NOT NULL,
    seen_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
);

COMMENT ON COLUMN prewarm.nodes.works IS 'whether it rebuilds';

COMMENT ON COLUMN prewarm.nodes.format IS 'of the blobs that it reads';

CREATE VIEW prewarm.live_nodes AS
 SELECT nodes.name,
    nodes.works,
    nodes.format
   FROM prewarm.nodes
  WHERE ((nodes.seen_at > (statement_timestamp() - '00:00:10'::interval)) AND (nodes.seen_at < (statement_timestamp() + '00:00:10'::interval)));

CREATE TABLE prewarm.maintained (
    org_id uuid NOT NULL,
    as_of timestamp with time zone NOT NULL,
    leads bigint NOT NULL,
    hours bigint NOT NULL,
    rebuilt_at timestamp with time zone NOT NULL
)
WITH (fillfactor='80');

COMMENT ON COLUMN prewarm.maintained.leads IS 'when all was made anew the last time';

COMMENT ON COLUMN prewarm.maintained.rebuilt_at IS 'by the clock on the wall: the next rebuild waits for prewarm.rebuild_gap()';

CREATE TABLE prewarm.migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);

CREATE VIEW prewarm.owed AS
 WITH RECURSIVE marked AS (
        ( SELECT marks.org_id
           FROM prewarm.marks
          ORDER BY marks.org_id
         LIMIT 1)
        UNION ALL
         SELECT ( SELECT m.org_id
                   FROM prewarm.marks m
                  WHERE (m.org_id > marked.org_id)
                  ORDER BY m.org_id
                 LIMIT 1) AS org_id
           FROM marked
          WHERE (marked.org_id IS NOT NULL)
        ), reasons AS (
         SELECT marked.org_id,
            'marks'::text AS reason
           FROM marked
          WHERE (marked.org_id IS NOT NULL)
        UNION ALL
         SELECT versions.org_id,
            'deadline'::text
           FROM prewarm.versions
          WHERE (versions.next_change_at <= statement_timestamp())
        UNION ALL
         SELECT versions.org_id,
            'unpublished'::text
           FROM prewarm.versions
          WHERE (NOT versions.published)
        UNION ALL
         SELECT versions.org_id,
            'clock'::text
           FROM prewarm.versions
          WHERE (versions.as_of > (statement_timestamp() + '00:00:01'::interval))
        )
 SELECT r.org_id,
    r.reason
   FROM reasons r
  WHERE (NOT (EXISTS ( SELECT
           FROM prewarm.leases l
          WHERE ((l.org_id = r.org_id) AND (l.until > statement_timestamp())))));

CREATE TABLE prewarm.phone_mappings (
    vapi_phone_number_id text NOT NULL,
    agent_id uuid,
    assistant_id text,
    known boolean DEFAULT true NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    reason text,
    synced_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
);

COMMENT ON COLUMN prewarm.phone_mappings.agent_id IS 'whose assistant answers; or, if its row names no agent any more, did';

COMMENT ON COLUMN prewarm.phone_mappings.known IS 'false: somebody else has changed it';

COMMENT ON COLUMN prewarm.phone_mappings.revision IS 'two who said different things at a time are told by it';

COMMENT ON COLUMN prewarm.phone_mappings.reason IS 'why Vapi did not take it';

CREATE VIEW prewarm.present_installation AS
 SELECT i.id,
    i.epoch,
    ((i.xmin = (i.xid)::xid) AND (i.database = ( SELECT d.oid
           FROM pg_database d
          WHERE (d.datname = current_database()))) AND
        CASE
            WHEN ((i.timeline IS NULL) OR pg_is_in_recovery()) THEN true
            ELSE (i.timeline = substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))
        END) AS is_original,
        CASE
            WHEN (i.system_identifier IS NULL) THEN true
            ELSE (i.system_identifier = ( SELECT c.system_identifier
               FROM pg_control_system() c(pg_control_version, catalog_version_no, system_identifier, pg_control_last_modified)))
        END AS is_of_cluster
   FROM prewarm.installation i;

CREATE TABLE prewarm.rebuild_failures (
    run bigint NOT NULL,
    org_id uuid NOT NULL,
    reason text NOT NULL
);

COMMENT ON TABLE prewarm.rebuild_failures IS 'orgs that a run could not rebuild';

CREATE SEQUENCE prewarm.rebuild_run
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE prewarm.rebuild_runs (
    run bigint NOT NULL,
    started_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    finished_at timestamp with time zone,
    next_org uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL
);

COMMENT ON TABLE prewarm.rebuild_runs IS 'runs of `prewarm rebuild --all`; one at a time';

COMMENT ON COLUMN prewarm.rebuild_runs.next_org IS 'every org with a lesser id is done';

CREATE TABLE prewarm.reconciliation (
    singleton boolean DEFAULT true NOT NULL,
    until timestamp with time zone NOT NULL,
    CONSTRAINT reconciliation_singleton_check CHECK (singleton)
);

COMMENT ON TABLE prewarm.reconciliation IS 'one row; none before the first pass';

COMMENT ON COLUMN prewarm.reconciliation.until IS 'whatever changed at Vapi before is taken in';

CREATE VIEW prewarm.stretches AS
 SELECT "*VALUES*".column1 AS since,
    "*VALUES*".column2 AS until
   FROM (VALUES ('4714-11-24 00:00:00+00 BC'::timestamp with time zone,'294276-12-31 23:59:59.999999+00'::timestamp with time zone), ('infinity'::timestamp with time zone,'infinity'::timestamp with time zone), ('-infinity'::timestamp with time zone,'-infinity'::timestamp with time zone)) "*VALUES*";

CREATE TABLE prewarm.tombstones (
    hash bytea NOT NULL,
    kind text NOT NULL,
    made_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    CONSTRAINT tombstones_kind_check CHECK ((kind = ANY (ARRAY['call'::text, 'caller'::text])))
);

COMMENT ON TABLE prewarm.tombstones IS 'names no one; kept as long as the keys of events';

COMMENT ON COLUMN prewarm.tombstones.kind IS 'call: nothing is taken any more; caller: all but who called and what was said';

CREATE VIEW public.view_actionable_leads WITH (security_invoker='on') AS
 SELECT c.id,
    c.org_id,
    c.contact_name,
    c.phone_number,
    c.email,
    c.lead_score,
    c.lead_status,
    c.service_interests,
    c.last_contact_at,
    c.created_at,
    k.total_calls,
    k.last_call_at,
    k.avg_call_duration,
    k.sentiment_trend,
    t.lead_temperature,
    u.follow_up_urgency,
    t.lead_temperature AS lead_temp,
    k.last_call_summary,
    row_number() OVER (PARTITION BY c.org_id ORDER BY (array_position(ARRAY['high'::text, 'medium'::text, 'low'::text], u.follow_up_urgency)), c.lead_score DESC NULLS LAST, c.created_at DESC NULLS LAST, c.id) AS lead_rank
   FROM (((( SELECT contacts.id,
            contacts.org_id,
            contacts.phone,
            "left"(contacts.name, 512) AS contact_name,
            "left"(contacts.phone, 512) AS phone_number,
            "left"(contacts.email, 512) AS email,
            contacts.lead_score,
            contacts.lead_status,
                CASE
                    WHEN (contacts.service_interests IS NOT NULL) THEN ARRAY( SELECT "left"(interest.interest, 512) AS "left"
                       FROM unnest(contacts.service_interests) interest(interest))
                    ELSE NULL::text[]
                END AS service_interests,
                CASE
                    WHEN isfinite(contacts.last_contact_at) THEN LEAST(GREATEST(contacts.last_contact_at, '0001-01-01 00:00:00+00'::timestamp with time zone), '9999-12-30 22:00:00+00'::timestamp with time zone)
                    ELSE NULL::timestamp with time zone
                END AS last_contact_at,
                CASE
                    WHEN isfinite(contacts.created_at) THEN LEAST(GREATEST(contacts.created_at, '0001-01-01 00:00:00+00'::timestamp with time zone), '9999-12-30 22:00:00+00'::timestamp with time zone)
                    ELSE NULL::timestamp with time zone
                END AS created_at
           FROM public.contacts
          WHERE (contacts.lead_status = ANY (ARRAY['new'::text, 'contacted'::text, 'qualified'::text]))) c
     CROSS JOIN LATERAL ( SELECT count(*) AS total_calls,
            max(m.created_at) AS last_call_at,
            avg(m.duration_seconds) AS avg_call_duration,
            COALESCE(avg(
                CASE m.sentiment_label
                    WHEN 'positive'::text THEN 1
                    WHEN 'negative'::text THEN '-1'::integer
                    ELSE 0
                END), (0)::numeric) AS sentiment_trend,
            (array_agg(m.summary ORDER BY m.created_at DESC NULLS LAST, m.id DESC))[1] AS last_call_summary
           FROM ( SELECT s.id,
                    s.duration_seconds,
                    s.sentiment_label,
                    "left"(s.summary, 4096) AS summary,
                        CASE
                            WHEN isfinite(s.created_at) THEN LEAST(GREATEST(s.created_at, '0001-01-01 00:00:00+00'::timestamp with time zone), '9999-12-30 22:00:00+00'::timestamp with time zone)
                            ELSE NULL::timestamp with time zone
                        END AS created_at
                   FROM ( SELECT calls.id,
                            calls.created_at,
                            calls.duration_seconds,
                            calls.sentiment_label,
                            calls.summary
                           FROM public.calls
                          WHERE ((calls.contact_id = c.id) AND (calls.org_id = c.org_id))
                        UNION ALL
                         SELECT calls.id,
                            calls.created_at,
                            calls.duration_seconds,
                            calls.sentiment_label,
                            calls.summary
                           FROM public.calls
                          WHERE ((calls.org_id = c.org_id) AND (calls.phone_number = c.phone) AND (calls.contact_id IS DISTINCT FROM c.id))) s) m) k)
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN (c.lead_score >= 80) THEN 'hot'::text
                    WHEN (c.lead_score >= 50) THEN 'warm'::text
                    ELSE 'cold'::text
                END AS lead_temperature) t)
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN (c.last_contact_at > (now() - '24:00:00'::interval)) THEN 'high'::text
                    WHEN (c.last_contact_at > (now() - '168:00:00'::interval)) THEN 'medium'::text
                    ELSE 'low'::text
                END AS follow_up_urgency) u);

COMMENT ON VIEW public.view_actionable_leads IS 'contacts to follow up, with their calls; lead_rank orders the leads of an org';

INSERT INTO apalis._sqlx_migrations VALUES (20220530084123, 'jobs workers', '2026-11-28 14:03:57.804509+00', true, '\xd0839c6f57a379769dc27ccd581feb3d2709239c8f138e05271c9e3c760c4517a78a4d8912ab3d63b074b28d15ec74e9', 8145529);
INSERT INTO apalis._sqlx_migrations VALUES (20220709210445, 'add job fn', '2026-11-28 14:03:57.813369+00', true, '\x14f906e53a627f1b27996e74e8e69dbc29ee70519e7af4f0032a27c75ed706a34af8bafecc8f8572855f314cbc5a7ba9', 1000709);
INSERT INTO apalis._sqlx_migrations VALUES (20230330210841, 'replace add job fn', '2026-11-28 14:03:57.81453+00', true, '\xd9b6e57e6de60db1647e2447cf36bf0eafbec266f1d482bd196affc97617efbc4c07bad826706c7b3a0b3960cf9f727b', 5006400);
INSERT INTO apalis._sqlx_migrations VALUES (20230408110421, 'drop old push job', '2026-11-28 14:03:57.819784+00', true, '\x3656a91fe9c652ca23df775a601409a9252357f47088d6bcf2025fda2dd67e50c99ad94d1d2ca569c91c343189c58e33', 796348);
INSERT INTO apalis._sqlx_migrations VALUES (20230408234928, 'add get jobs fn ', '2026-11-28 14:03:57.820764+00', true, '\x176c3acaf1097ff45da76d4c746af766640027b6721a056b3fc3fcc4ab8192344920b4415e8dae46f5136ee223ed5f6b', 839278);
INSERT INTO apalis._sqlx_migrations VALUES (20240225141841, 'replace add job fn remove jid', '2026-11-28 14:03:57.821822+00', true, '\xc53560b7a312915d696ed6c7e18bda478d9bf1278c4d59e3c53b47c45d8a903f089c728a5ff2e131cd5b629cdfe7d4cb', 1412578);
INSERT INTO apalis._sqlx_migrations VALUES (20250210092135, 'include failed in get jobs', '2026-11-28 14:03:57.823427+00', true, '\x810786bd8f1007bf523bec8ed9de0a9ae789e634e5434a1a5cc9c1b766bd758b4d37912ef390dcf95e8de23910eeef55', 787000);
INSERT INTO apalis._sqlx_migrations VALUES (20250223193249, 'fix get jobs conditional', '2026-11-28 14:03:57.824372+00', true, '\xcfda3f3d62b4122b6321af0e45ba162fd3ad5d07f95e4eefe858600551167e31454ebd57d45b62e880336fcfef3ef2a7', 829459);
INSERT INTO apalis._sqlx_migrations VALUES (20250307001101, 'add job priority', '2026-11-28 14:03:57.825408+00', true, '\xb5d318f2da5e909d66db190f58b76ae52f6808733d2a88d180555430d28518fee783fb0ff1e1c37ed1dc79627abd9694', 1257067);
INSERT INTO apalis._sqlx_migrations VALUES (20250404160441, 'cleanup old push jobs fn', '2026-11-28 14:03:57.826868+00', true, '\x962242ef0971de54905cafbdefe26a3c1f32c1c52ef13b6937c2920445b1ce97cd2dcf7db9c293becc95dc55412e7a15', 739842);
INSERT INTO apalis._sqlx_migrations VALUES (20250722071207, 'improve notify', '2026-11-28 14:03:57.827808+00', true, '\xb3a1f712f8fbdfe38004134d8f55e49857b764f3277f38dd9d13299d5e0afbc895005b62fa0355b8a0d8595a38be6db7', 974150);
INSERT INTO apalis._sqlx_migrations VALUES (20251018164839, 'update result', '2026-11-28 14:03:57.829058+00', true, '\xe4e3d1efc77746e4db164b49017c90785613b35520da84f9a5a3f8981d60420d9dec3c94af9e8632ab711ffac7c1e199', 5737837);
INSERT INTO apalis._sqlx_migrations VALUES (20251018164912, 'add metadata', '2026-11-28 14:03:57.83511+00', true, '\x803a4510201392a36e20ef81c9b05230ffa734a292c875f87ea65bc73944642b1d260a38741c4bdb88c0096338c152c0', 882037);
INSERT INTO apalis._sqlx_migrations VALUES (20251018165007, 'move to bytes', '2026-11-28 14:03:57.836166+00', true, '\xdcbb8181c56cc4b9511ddc940f81f5bb9420436d0f4edf1bc9978011324e6b8d5437c50830b8651e2168608d04977272', 3949431);
INSERT INTO apalis._sqlx_migrations VALUES (20251018165033, 'add started at', '2026-11-28 14:03:57.840391+00', true, '\x21b1264f3881a4cf4fb209ff2cc75c21946441691745d7cbc9ab1dd812a1e1c08648e47ea8b4de060784da581dab2246', 822326);
INSERT INTO apalis._sqlx_migrations VALUES (20251018165056, 'queue jobs', '2026-11-28 14:03:57.841411+00', true, '\xdd02b7e9c23a7da0f71bff73b469c51b7305d1830e7f4bd6de083c11315e8492801e242755d9981381760a5ace6d8fe7', 899710);
INSERT INTO apalis._sqlx_migrations VALUES (20251018165121, 'notify run at', '2026-11-28 14:03:57.842513+00', true, '\xa99e6c60687ec15c1bf8132763db63a0d9d18e1ee814527254fc95ee733e65bdf2f0ae64ca86cae0d1f232654d189fda', 1015397);
INSERT INTO apalis._sqlx_migrations VALUES (20251225090252, 'include primary keys', '2026-11-28 14:03:57.84372+00', true, '\xfd9f16bd772c5682ecb3f6b0a21efed5581a85316770ab8d620b38346e9319ae239ef784e8eb46735d6be735e7b3b5be', 1448716);
INSERT INTO apalis._sqlx_migrations VALUES (20260508093314, 'idempotency key', '2026-11-28 14:03:57.845436+00', true, '\xf2686534e1abbba2fcde715c1ca724e7937a4e1f49d6a9a462ed4f1c2e8b83518f4f78868a111d6451afba770207c2d0', 1407609);
INSERT INTO apalis._sqlx_migrations VALUES (20260605000000, 'confine generate ulid to apalis', '2026-11-28 14:03:57.847156+00', true, '\xc56dbd61156387934579af19b51ba95bd0cbe203f9528f0cd619c191730788858eca89044a7aa0622d308b9a3028e2c5', 2017148);
INSERT INTO apalis._sqlx_migrations VALUES (20260824233636, 'streamline indices', '2026-11-28 14:03:57.849472+00', true, '\x09c57f5bd9cce210564e8b12da0520289290ad729ef4205cdd55bd2a60ac85f889df8c23b20a4a01d959f0c8b5775a6d', 3966599);
INSERT INTO apalis._sqlx_migrations VALUES (20260826101335, 'metadata hstore', '2026-11-28 14:03:57.853721+00', true, '\xcc38c9e6fd38157b443f6dd584e322405d49dedfd3a60867604102078a99320f97279e6c244cb87f84152ab9be7d41be', 16086883);
INSERT INTO apalis._sqlx_migrations VALUES (20260902075949, 'remove pl in get jobs', '2026-11-28 14:03:57.870155+00', true, '\x0dc0483d69bf530508d451bec9346f7d14be68c37308b130910462d130cab0827eb2825d20072105c83ae3a66ed82c6b', 1342649);

INSERT INTO prewarm.actionable_leads VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001', 'Ada', '+4930123456', NULL, 90, 'new', NULL, NULL, '2026-11-28 14:04:58.182854+00', 1, '2026-11-28 14:04:58.189065+00', 60, 1, DEFAULT, 0, DEFAULT, 'hot', DEFAULT, 'low', NULL, 3, NULL, NULL);

INSERT INTO prewarm.agent_marks VALUES ('00000000-0000-0000-0000-000000000004', '905', '2026-11-28 14:04:58.192255+00');

INSERT INTO prewarm.backfill VALUES ('00000000-0000-0000-0000-000000000000', true);

INSERT INTO prewarm.erasure_key VALUES ('\x929e2625ac526f6a849354fa5f905d2b0c4d5ee5f6013a46f1475a468e27fcca', true);

INSERT INTO prewarm.events OVERRIDING SYSTEM VALUE VALUES (1, 'key', 'end-of-call-report', NULL, NULL, NULL, NULL, '2026-11-28 14:04:59.779887+00', 1, '907', '{}', NULL, NULL, NULL);

INSERT INTO prewarm.installation VALUES ('df1c7913-0b6e-47e0-9e76-28a6a313de4e', 1, '816', 16384, '00000001', 7713222832047114050, true);

INSERT INTO prewarm.lead_sums VALUES ('00000000-0000-0000-0000-000000000001', 0, 497, 0, 1);
INSERT INTO prewarm.lead_sums VALUES ('00000000-0000-0000-0000-000000000001', 1, 15, 0, 1);

INSERT INTO prewarm.maintained VALUES ('00000000-0000-0000-0000-000000000001', '2026-11-28 14:04:58.194248+00', 1, 1, '2026-11-28 14:04:58.194248+00');

INSERT INTO prewarm.marks VALUES ('00000000-0000-0000-0000-000000000001', 'organizations', '902', '2026-11-28 14:04:58.176582+00', NULL, NULL, NULL, NULL, false);
INSERT INTO prewarm.marks VALUES ('00000000-0000-0000-0000-000000000001', 'contacts', '903', '2026-11-28 14:04:58.182854+00', '{00000000-0000-0000-0000-000000000002}', NULL, NULL, NULL, false);
INSERT INTO prewarm.marks VALUES ('00000000-0000-0000-0000-000000000001', 'calls', '904', '2026-11-28 14:04:58.189065+00', '{00000000-0000-0000-0000-000000000002}', '{NULL}', NULL, '{"2026-11-28 14:04:50+00"}', false);

INSERT INTO prewarm.migrations VALUES (1, 'source', '2026-11-28 14:03:57.890207+00', true, '\xa2c11135fe227a4e146ac1f328e85c7b06c10760402f1ad95510a74a33f902b4cbbbfed931a01c84b4d6272184114500', 25639240);
INSERT INTO prewarm.migrations VALUES (2, 'views', '2026-11-28 14:03:57.91664+00', true, '\x8b11af08a37bb92613a38f60d9097b25297def941da2ce747275181fc11ee256978826064df33d84aff4c585c5cfa612', 17996653);
INSERT INTO prewarm.migrations VALUES (3, 'ledger', '2026-11-28 14:03:57.935284+00', true, '\xbae688725bc588e19709e03d64ccf234c59be34705d1f09081403efc1dc3b013c65bc3932d4888da870997261d06c847', 13810937);
INSERT INTO prewarm.migrations VALUES (4, 'triggers', '2026-11-28 14:03:57.949496+00', true, '\x9a941405d169a4761e095ac8efef1d6327ff2dae29b889ddaf1cabc807ce3629a62663977c7ab0158cd6fbc79c214748', 5851079);
INSERT INTO prewarm.migrations VALUES (5, 'intake', '2026-11-28 14:03:57.955701+00', true, '\x7807811b747e976ed6ad3cc1bb61e9413d47e00b43febced4b8fe58931051d2b54032c8ea3b53dae2fdbeacf16428783', 4145260);
INSERT INTO prewarm.migrations VALUES (6, 'queue', '2026-11-28 14:03:57.960109+00', true, '\xb135bd0a33b8859e6d010bc02eeb5da6a19c2cb4059da86dd735c31dddcc8bfa6ba546dc7eec36d6a780e153b2e7acab', 5323505);
INSERT INTO prewarm.migrations VALUES (7, 'maintenance', '2026-11-28 14:03:57.965685+00', true, '\x62392949a7cdb6422c6b9e9e892e75c44edf973a04f34dc2089be07aedb7a5c2a7cc892fe009e9a0bc9c6ec8d86adda6', 21945892);
INSERT INTO prewarm.migrations VALUES (8, 'rebuilds', '2026-11-28 14:03:57.98794+00', true, '\xacbf770d13dacf57a2d80724296565585561d155093a1eca090ba55efcb08bc22a53c047116567caf5d95106611cb401', 5590452);
INSERT INTO prewarm.migrations VALUES (9, 'clock', '2026-11-28 14:03:57.993793+00', true, '\xb2ecfcc6157479505217308a083209967f97e079eb81c23223dfe7d7ca28ed1557f001a8f8a063c194fd2e01df9a1c31', 5177410);
INSERT INTO prewarm.migrations VALUES (10, 'formats', '2026-11-28 14:03:57.999217+00', true, '\xfb365c37ce9ea14698a4edd97eeedfcecc365f7a8be886271244e6f54831a0982e6a3c288789f4c62b3c122831c9e7cb', 4165631);
INSERT INTO prewarm.migrations VALUES (11, 'assistants', '2026-11-28 14:03:58.003613+00', true, '\x88bdecf3201d2958f39d20ddc5905a4050bd3a7bce7d5006a3592453af99bf3242a20fb8a591d422e881fb1e4b380135', 10829686);
INSERT INTO prewarm.migrations VALUES (12, 'events', '2026-11-28 14:03:58.014776+00', true, '\xfdd62e3c57c94901ef43aae0c75c97c115874318632bfb466c79d5b82fd1b66723f066d1ee851db5f9f703f6c2bd333e', 3163960);
INSERT INTO prewarm.migrations VALUES (13, 'test calls', '2026-11-28 14:03:58.018181+00', true, '\x27ed0b503244bf74ffb5550e9d988914f90b338250fceed4be81970f9004a4784deeec14754e83f224953665b2977139', 4072927);
INSERT INTO prewarm.migrations VALUES (14, 'reconciliation', '2026-11-28 14:03:58.022481+00', true, '\x97b0e24e019ab76425f6e20f860b07c1036bad032a3fe29461d1e8c908004bcef33ab198e797952fa388673fb50bc995', 1411246);
INSERT INTO prewarm.migrations VALUES (15, 'lone starts', '2026-11-28 14:03:58.024152+00', true, '\x44dcc15344fd2541884746d1a2e256173dedcca9b98e614aa0d0d5279e7ed73e73b2d45ef56a1ad9d318d56ed35c6e22', 2142812);
INSERT INTO prewarm.migrations VALUES (16, 'fleet pulse', '2026-11-28 14:03:58.026467+00', true, '\x3753ebcf273f3f46bdf1bbbdb54b285c7fc752d0492f908ed115b56ac9a6237f13c7d068ddb197e0020a5317734287a4', 6441220);
INSERT INTO prewarm.migrations VALUES (17, 'any shape', '2026-11-28 14:03:58.033224+00', true, '\x1566f4eb1f64dc0a56b9668ed7c195f0ee98c2371f264acda3b56a0d78aef078dc660aa2f57cfe52876c2e9a29184e1f', 14498982);
INSERT INTO prewarm.migrations VALUES (18, 'hardening', '2026-11-28 14:03:58.04799+00', true, '\xc6960e3a902690467d9441928fe2f199f980826fdffca6da67442f02ea9d04b806205b1fb47cc9708ecb9b20f3a46879', 40931330);
INSERT INTO prewarm.migrations VALUES (19, 'silence', '2026-11-28 14:03:58.089502+00', true, '\x42d053f01e9ae7ebc3c48dea6cffbe272561c5aeb72a4c2d8f0fa752f35dd6913d94d36aed1a8d30b5189fbfe20974fc', 1524507);
INSERT INTO prewarm.migrations VALUES (21, 'erasure', '2026-11-28 14:03:58.091203+00', true, '\x613d49ffc04086a60a1bbd9531e447783049762b48dd78469f70b40731764526f2f45debe6c9c9eaf20208ef44cc765c', 17954441);
INSERT INTO prewarm.migrations VALUES (22, 'installation', '2026-11-28 14:03:58.109569+00', true, '\x8a76d12cb1162c61d7ca522aa7da49756e1e2547459ce98d7a6bdfe2a0862d188308d57f2d2db9f03e309de17ec232fc', 5667094);
INSERT INTO prewarm.migrations VALUES (23, 'seal once', '2026-11-28 14:03:58.115497+00', true, '\xf76c137c8544b60fc4fa404352b1313c574d5b8c2964fc3c5ed938cc612a9d7cdcab7eca2895c4198a1d4dc0cda242b2', 5523556);

INSERT INTO prewarm.sums VALUES ('00000000-0000-0000-0000-000000000001', 1, '2026-11-28 14:00:00+00', 1, 1, 0, 1, 60, 1, 0, 0, 0, 0);
INSERT INTO prewarm.sums VALUES ('00000000-0000-0000-0000-000000000001', 2, '2026-11-28 00:00:00+00', 1, 1, 0, 1, 60, 1, 0, 0, 0, 0);
INSERT INTO prewarm.sums VALUES ('00000000-0000-0000-0000-000000000001', 3, '2026-11-01 00:00:00+00', 1, 1, 0, 1, 60, 1, 0, 0, 0, 0);
INSERT INTO prewarm.sums VALUES ('00000000-0000-0000-0000-000000000001', 4, '2026-01-01 00:00:00+00', 1, 1, 0, 1, 60, 1, 0, 0, 0, 0);

INSERT INTO public.agents VALUES ('00000000-0000-0000-0000-000000000004', '00000000-0000-0000-0000-000000000001', 'inbound', 'Agent', NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-28 14:04:58.192255+00');

INSERT INTO public.calls VALUES ('00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', 'call', NULL, 'inbound', NULL, 60, NULL, NULL, NULL, NULL, NULL, false, NULL, NULL, '2026-11-28 14:04:58.189065+00');

INSERT INTO public.contacts VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001', 'Ada', '+4930123456', NULL, 90, 'new', NULL, NULL, NULL, '2026-11-28 14:04:58.182854+00');

INSERT INTO public.organizations VALUES ('00000000-0000-0000-0000-000000000001', 'Clinic', 'Europe/Berlin', '2026-11-28 14:04:58.176582+00');

SELECT pg_catalog.setval('prewarm.erasures_id_seq', 1, false);

SELECT pg_catalog.setval('prewarm.events_id_seq', 1, true);

SELECT pg_catalog.setval('prewarm.rebuild_run', 1, false);

ALTER TABLE ONLY apalis._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY apalis.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY apalis.workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY prewarm.actionable_leads
    ADD CONSTRAINT actionable_leads_pkey PRIMARY KEY (id);

ALTER TABLE ONLY prewarm.assistants
    ADD CONSTRAINT assistants_pkey PRIMARY KEY (agent_id);

ALTER TABLE ONLY prewarm.backfill
    ADD CONSTRAINT backfill_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY prewarm.blobs
    ADD CONSTRAINT blobs_pkey PRIMARY KEY (org_id, format, model);

ALTER TABLE ONLY prewarm.call_states
    ADD CONSTRAINT call_states_pkey PRIMARY KEY (vapi_call_id);

ALTER TABLE ONLY prewarm.cron_slots
    ADD CONSTRAINT cron_slots_pkey PRIMARY KEY (name, slot);

ALTER TABLE ONLY prewarm.erasure_key
    ADD CONSTRAINT erasure_key_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY prewarm.erasures
    ADD CONSTRAINT erasures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY prewarm.events
    ADD CONSTRAINT events_dedupe_key_key UNIQUE (dedupe_key);

ALTER TABLE ONLY prewarm.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY prewarm.fleet_pulse_made
    ADD CONSTRAINT fleet_pulse_made_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY prewarm.installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY prewarm.lead_sums
    ADD CONSTRAINT lead_sums_pkey PRIMARY KEY (org_id, level, bucket);

ALTER TABLE ONLY prewarm.leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (org_id);

ALTER TABLE ONLY prewarm.maintained
    ADD CONSTRAINT maintained_pkey PRIMARY KEY (org_id);

ALTER TABLE ONLY prewarm.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY prewarm.nodes
    ADD CONSTRAINT nodes_pkey PRIMARY KEY (name);

ALTER TABLE ONLY prewarm.phone_mappings
    ADD CONSTRAINT phone_mappings_pkey PRIMARY KEY (vapi_phone_number_id);

ALTER TABLE ONLY prewarm.rebuild_failures
    ADD CONSTRAINT rebuild_failures_pkey PRIMARY KEY (run, org_id);

ALTER TABLE ONLY prewarm.rebuild_runs
    ADD CONSTRAINT rebuild_runs_pkey PRIMARY KEY (run);

ALTER TABLE ONLY prewarm.reconciliation
    ADD CONSTRAINT reconciliation_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY prewarm.sums
    ADD CONSTRAINT sums_pkey PRIMARY KEY (org_id, level, start);

ALTER TABLE ONLY prewarm.test_calls
    ADD CONSTRAINT test_calls_pkey PRIMARY KEY (id);

ALTER TABLE ONLY prewarm.tombstones
    ADD CONSTRAINT tombstones_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY prewarm.versions
    ADD CONSTRAINT versions_pkey PRIMARY KEY (org_id);

ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_org_id_call_direction_key UNIQUE (org_id, call_direction);

ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.appointments
    ADD CONSTRAINT appointments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_vapi_call_id_key UNIQUE (vapi_call_id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.phone_numbers
    ADD CONSTRAINT phone_numbers_pkey PRIMARY KEY (id);

CREATE INDEX idx_apalis_jobs_fetch_partial ON apalis.jobs USING btree (job_type, priority DESC, run_at) WHERE ((status = 'Pending'::text) OR ((status = 'Failed'::text) AND (attempts < max_attempts)));

CREATE INDEX idx_apalis_jobs_lock_by ON apalis.jobs USING btree (lock_by);

CREATE INDEX idx_apalis_workers_last_seen ON apalis.workers USING btree (last_seen);

CREATE INDEX idx_apalis_workers_worker_type ON apalis.workers USING btree (worker_type);

CREATE UNIQUE INDEX idx_jobs_idempotency_key ON apalis.jobs USING btree (job_type, idempotency_key);

CREATE INDEX jobs_dead ON apalis.jobs USING btree (done_at) WHERE (status = 'Killed'::text);

CREATE INDEX jobs_ended ON apalis.jobs USING btree (done_at) WHERE (status = ANY (ARRAY['Done'::text, 'Failed'::text]));

CREATE INDEX jobs_running ON apalis.jobs USING btree (job_type, lock_at) WHERE (status = 'Running'::text);

CREATE INDEX lsidx ON apalis.workers USING btree (last_seen);

CREATE UNIQUE INDEX unique_worker_id ON apalis.workers USING btree (id);

CREATE INDEX wtidx ON apalis.workers USING btree (worker_type);

CREATE INDEX actionable_leads_bucket ON prewarm.actionable_leads USING btree (org_id, prewarm.bucket_of(id));

CREATE INDEX actionable_leads_deadline ON prewarm.actionable_leads USING btree (org_id, urgency_until) WHERE (urgency_until IS NOT NULL);

CREATE INDEX actionable_leads_hot ON prewarm.actionable_leads USING btree (org_id, COALESCE(last_contact_at, created_at) DESC NULLS LAST, id DESC) WHERE (lead_score >= 80);

CREATE INDEX actionable_leads_order ON prewarm.actionable_leads USING btree (org_id, urgency_rank, lead_score DESC NULLS LAST, created_at DESC NULLS LAST, id);

CREATE INDEX agent_marks_agent ON prewarm.agent_marks USING btree (agent_id, xid);

CREATE INDEX assistants_failed ON prewarm.assistants USING btree (agent_id) WHERE (stage = 'failed'::text);

CREATE INDEX call_states_org ON prewarm.call_states USING btree (org_id);

CREATE INDEX call_states_updated_at ON prewarm.call_states USING btree (updated_at);

CREATE INDEX erasures_done ON prewarm.erasures USING btree (done_at) WHERE (done_at IS NOT NULL);

CREATE INDEX erasures_org ON prewarm.erasures USING btree (org_id, done_at);

CREATE INDEX erasures_owed ON prewarm.erasures USING btree (id) WHERE (done_at IS NULL);

CREATE INDEX events_bodies ON prewarm.events USING btree (received_at) WHERE (body IS NOT NULL);

CREATE INDEX events_late_effect ON prewarm.events USING btree (xid) WHERE ((org_id IS NULL) OR (replay_xid IS NOT NULL));

CREATE INDEX events_org_call ON prewarm.events USING btree (org_id, vapi_call_id) WHERE (body IS NOT NULL);

CREATE INDEX events_parked ON prewarm.events USING btree (id) WHERE ((org_id IS NULL) AND (body IS NOT NULL) AND ((assistant_id IS NOT NULL) OR (phone_number_id IS NOT NULL)));

CREATE INDEX events_parked_assistant ON prewarm.events USING btree (assistant_id, id) WHERE ((org_id IS NULL) AND (body IS NOT NULL) AND (assistant_id IS NOT NULL));

CREATE INDEX events_parked_number ON prewarm.events USING btree (phone_number_id, id) WHERE ((org_id IS NULL) AND (body IS NOT NULL) AND (phone_number_id IS NOT NULL));

CREATE UNIQUE INDEX fleet_pulse_org ON prewarm.fleet_pulse USING btree (org_id) NULLS NOT DISTINCT;

CREATE INDEX leases_holder ON prewarm.leases USING btree (holder);

CREATE INDEX marks_org ON prewarm.marks USING btree (org_id, xid);

CREATE INDEX phone_mappings_agent ON prewarm.phone_mappings USING btree (agent_id);

CREATE UNIQUE INDEX rebuild_runs_open ON prewarm.rebuild_runs USING btree (((finished_at IS NULL))) WHERE (finished_at IS NULL);

CREATE INDEX test_calls_changed_at ON prewarm.test_calls USING btree (changed_at);

CREATE UNIQUE INDEX test_calls_open ON prewarm.test_calls USING btree (agent_id) WHERE (stage = ANY (ARRAY['preparing'::text, 'connecting'::text, 'ready'::text]));

CREATE INDEX tombstones_made_at ON prewarm.tombstones USING btree (made_at);

CREATE INDEX versions_as_of ON prewarm.versions USING btree (as_of);

CREATE INDEX versions_deadline ON prewarm.versions USING btree (next_change_at) WHERE (next_change_at IS NOT NULL);

CREATE INDEX versions_format ON prewarm.versions USING btree (format);

CREATE INDEX versions_unpublished ON prewarm.versions USING btree (org_id) WHERE (NOT published);

CREATE INDEX agents_vapi_assistant_id ON public.agents USING btree (vapi_assistant_id) WHERE (vapi_assistant_id IS NOT NULL);

CREATE INDEX appointments_contact ON public.appointments USING btree (contact_id);

CREATE INDEX appointments_contact_live ON public.appointments USING btree (contact_id, org_id, created_at) WHERE (status = ANY (ARRAY['pending'::text, 'confirmed'::text, 'in_progress'::text, 'completed'::text]));

CREATE INDEX appointments_org ON public.appointments USING btree (org_id);

CREATE INDEX appointments_org_live ON public.appointments USING btree (org_id, created_at DESC, id DESC) WHERE (status = ANY (ARRAY['pending'::text, 'confirmed'::text, 'in_progress'::text, 'completed'::text]));

CREATE INDEX calls_contact ON public.calls USING btree (contact_id, org_id);

CREATE INDEX calls_org_created ON public.calls USING btree (org_id, created_at DESC, id DESC);

CREATE INDEX calls_org_direction ON public.calls USING btree (org_id, call_direction, created_at DESC, id DESC) WHERE (NOT is_test_call);

CREATE INDEX calls_org_phone ON public.calls USING btree (org_id, phone_number);

CREATE INDEX contacts_org_lead_status ON public.contacts USING btree (org_id, lead_status, lead_score DESC) WHERE (lead_status = ANY (ARRAY['new'::text, 'contacted'::text, 'qualified'::text]));

CREATE INDEX contacts_org_phone ON public.contacts USING btree (org_id, phone);

CREATE INDEX phone_numbers_agent_id ON public.phone_numbers USING btree (agent_id);

CREATE INDEX phone_numbers_org_id ON public.phone_numbers USING btree (org_id);

CREATE INDEX phone_numbers_phone_number ON public.phone_numbers USING btree (phone_number) WHERE (phone_number IS NOT NULL);

CREATE INDEX phone_numbers_vapi_phone_number_id ON public.phone_numbers USING btree (vapi_phone_number_id) WHERE (vapi_phone_number_id IS NOT NULL);

CREATE TRIGGER notify_workers AFTER INSERT ON apalis.jobs FOR EACH ROW EXECUTE FUNCTION apalis.notify_new_jobs();

ALTER TABLE apalis.jobs DISABLE TRIGGER notify_workers;

CREATE CONSTRAINT TRIGGER refuse_erased AFTER INSERT OR UPDATE ON prewarm.call_states DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION prewarm.refuse_erased();

CREATE TRIGGER prewarm_delete AFTER DELETE ON public.agents REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_agents();

ALTER TABLE public.agents ENABLE ALWAYS TRIGGER prewarm_delete;

CREATE TRIGGER prewarm_delete AFTER DELETE ON public.appointments REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_appointments();

ALTER TABLE public.appointments ENABLE ALWAYS TRIGGER prewarm_delete;

CREATE TRIGGER prewarm_delete AFTER DELETE ON public.calls REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_calls();

ALTER TABLE public.calls ENABLE ALWAYS TRIGGER prewarm_delete;

CREATE TRIGGER prewarm_delete AFTER DELETE ON public.contacts REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_contacts();

ALTER TABLE public.contacts ENABLE ALWAYS TRIGGER prewarm_delete;

CREATE TRIGGER prewarm_delete AFTER DELETE ON public.organizations REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_organizations_deleted();

ALTER TABLE public.organizations ENABLE ALWAYS TRIGGER prewarm_delete;

CREATE TRIGGER prewarm_delete AFTER DELETE ON public.phone_numbers REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_agents_of_numbers();

ALTER TABLE public.phone_numbers ENABLE ALWAYS TRIGGER prewarm_delete;

CREATE TRIGGER prewarm_erase AFTER DELETE ON public.agents REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.erase_agents();

ALTER TABLE public.agents ENABLE ALWAYS TRIGGER prewarm_erase;

CREATE TRIGGER prewarm_erase AFTER DELETE ON public.calls REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.erase_calls();

ALTER TABLE public.calls ENABLE ALWAYS TRIGGER prewarm_erase;

CREATE TRIGGER prewarm_erase BEFORE DELETE ON public.contacts FOR EACH ROW EXECUTE FUNCTION prewarm.erase_contact();

ALTER TABLE public.contacts ENABLE ALWAYS TRIGGER prewarm_erase;

CREATE TRIGGER prewarm_erase AFTER DELETE ON public.organizations REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.erase_orgs();

ALTER TABLE public.organizations ENABLE ALWAYS TRIGGER prewarm_erase;

CREATE TRIGGER prewarm_erase AFTER DELETE ON public.phone_numbers REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.erase_numbers();

ALTER TABLE public.phone_numbers ENABLE ALWAYS TRIGGER prewarm_erase;

CREATE TRIGGER prewarm_erase_truncated AFTER TRUNCATE ON public.calls FOR EACH STATEMENT EXECUTE FUNCTION prewarm.erase_truncated();

ALTER TABLE public.calls ENABLE ALWAYS TRIGGER prewarm_erase_truncated;

CREATE TRIGGER prewarm_insert AFTER INSERT ON public.agents REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_agents();

ALTER TABLE public.agents ENABLE ALWAYS TRIGGER prewarm_insert;

CREATE TRIGGER prewarm_insert AFTER INSERT ON public.appointments REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_new_appointments();

ALTER TABLE public.appointments ENABLE ALWAYS TRIGGER prewarm_insert;

CREATE TRIGGER prewarm_insert AFTER INSERT ON public.calls REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_new_calls();

ALTER TABLE public.calls ENABLE ALWAYS TRIGGER prewarm_insert;

CREATE TRIGGER prewarm_insert AFTER INSERT ON public.contacts REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_new_contacts();

ALTER TABLE public.contacts ENABLE ALWAYS TRIGGER prewarm_insert;

CREATE TRIGGER prewarm_insert AFTER INSERT ON public.organizations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_organizations_inserted();

ALTER TABLE public.organizations ENABLE ALWAYS TRIGGER prewarm_insert;

CREATE TRIGGER prewarm_insert AFTER INSERT ON public.phone_numbers REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_agents_of_numbers();

ALTER TABLE public.phone_numbers ENABLE ALWAYS TRIGGER prewarm_insert;

CREATE TRIGGER prewarm_truncate AFTER TRUNCATE ON public.agents FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_agents();

ALTER TABLE public.agents ENABLE ALWAYS TRIGGER prewarm_truncate;

CREATE TRIGGER prewarm_truncate AFTER TRUNCATE ON public.appointments FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_truncated();

ALTER TABLE public.appointments ENABLE ALWAYS TRIGGER prewarm_truncate;

CREATE TRIGGER prewarm_truncate AFTER TRUNCATE ON public.calls FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_truncated();

ALTER TABLE public.calls ENABLE ALWAYS TRIGGER prewarm_truncate;

CREATE TRIGGER prewarm_truncate AFTER TRUNCATE ON public.contacts FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_truncated();

ALTER TABLE public.contacts ENABLE ALWAYS TRIGGER prewarm_truncate;

CREATE TRIGGER prewarm_truncate AFTER TRUNCATE ON public.organizations FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_truncated();

ALTER TABLE public.organizations ENABLE ALWAYS TRIGGER prewarm_truncate;

CREATE TRIGGER prewarm_truncate AFTER TRUNCATE ON public.phone_numbers FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_agents_of_numbers();

ALTER TABLE public.phone_numbers ENABLE ALWAYS TRIGGER prewarm_truncate;

CREATE TRIGGER prewarm_update AFTER UPDATE ON public.agents REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_agents();

ALTER TABLE public.agents ENABLE ALWAYS TRIGGER prewarm_update;

CREATE TRIGGER prewarm_update AFTER UPDATE ON public.appointments REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_appointments();

ALTER TABLE public.appointments ENABLE ALWAYS TRIGGER prewarm_update;

CREATE TRIGGER prewarm_update AFTER UPDATE ON public.calls REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_calls();

ALTER TABLE public.calls ENABLE ALWAYS TRIGGER prewarm_update;

CREATE TRIGGER prewarm_update AFTER UPDATE ON public.contacts REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_contacts();

ALTER TABLE public.contacts ENABLE ALWAYS TRIGGER prewarm_update;

CREATE TRIGGER prewarm_update AFTER UPDATE ON public.organizations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_organizations_updated();

ALTER TABLE public.organizations ENABLE ALWAYS TRIGGER prewarm_update;

CREATE TRIGGER prewarm_update AFTER UPDATE ON public.phone_numbers REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION prewarm.mark_agents_of_numbers();

ALTER TABLE public.phone_numbers ENABLE ALWAYS TRIGGER prewarm_update;

ALTER TABLE ONLY apalis.jobs
    ADD CONSTRAINT fk_worker_lock_by FOREIGN KEY (lock_by) REFERENCES apalis.workers(id);

ALTER TABLE ONLY prewarm.rebuild_failures
    ADD CONSTRAINT rebuild_failures_run_fkey FOREIGN KEY (run) REFERENCES prewarm.rebuild_runs(run) ON DELETE CASCADE;

ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.appointments
    ADD CONSTRAINT appointments_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES public.contacts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.appointments
    ADD CONSTRAINT appointments_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES public.contacts(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.phone_numbers
    ADD CONSTRAINT phone_numbers_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.agents(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.phone_numbers
    ADD CONSTRAINT phone_numbers_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

REVOKE ALL ON FUNCTION prewarm.agent_of(subject text) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.backoff(attempts integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.begin_installation() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.first_instant() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.last_instant() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.timeless() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.bin_of(at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.bucket_of(contact uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.bury(names text[], kind text) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.calls_to_erase(e prewarm.erasures, n integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.claim(worker text, queue text, n integer, lease interval) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.claim_prewarms(worker text, n integer, lease interval) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.close_test_calls(agent uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.instant(at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.contacts_of_leads(org uuid, touched uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.count_removed(erasure bigint, place text, rows bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.database_oid() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.dense_hour() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.done(job_id text, worker text) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.erase(erasure bigint, n integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.erase_agents() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.erase_call_states(e prewarm.erasures, of_calls text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.erase_callers(contacts uuid[], spellings text[], names text[], in_org uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.erase_calls() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.erase_contact() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.erase_events(e prewarm.erasures, of_calls text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.erase_events_of_org(e prewarm.erasures, n integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.erase_numbers() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.erase_org(e prewarm.erasures) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.erase_orgs() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.erase_truncated() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.erased_as(call text, org uuid, assistant text, number text, phone text, heard_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.fail(job_id text, worker text, error text, final boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.fold(orgs uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.fold_agents() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.heartbeat(worker text, queue text, lease interval, held text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.hour_of(at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.hours_of(org uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.in_order(at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.is_wide(rows bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.lead_sums_of(org uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.numbers_of(touched uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.sums_by_contact(org uuid, touched uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.sums_by_number(org uuid, numbers text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.temperature_of(score integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.urgency_of(contacted_at timestamp with time zone, at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.leads_of(org uuid, at timestamp with time zone, touched uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.long_rebuild() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.longest_pause() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.maintain(org uuid, at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON PROCEDURE prewarm.maintain_anew(IN org uuid, IN at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON PROCEDURE prewarm.make_leads(IN org uuid, IN at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON PROCEDURE prewarm.make_sums(IN org uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mark_agents() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mark_agents_of_numbers() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mark_all_agents() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mark_appointments() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mark_calls() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mark_contacts() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mark_deleted() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mark_inserted() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mark_new_appointments() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mark_new_calls() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mark_new_contacts() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mark_organizations_deleted() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mark_organizations_inserted() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mark_organizations_updated() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mark_truncated() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mark_updated() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.marked(since uuid, n integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.marked_agents(since uuid, looks integer, n integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.mend_clock(lease interval) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.new_job_id() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.newly_dense(org uuid, at timestamp with time zone, hours timestamp with time zone[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.open_test_call(new_id uuid, org uuid, direction text) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.open_to_others() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.org_of(subject text) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.outdated(format integer, oldest integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.owe_caller(org uuid, contact uuid, calls text[], names text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.owed_orgs() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.owner(assistant text, number text) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.phone_digits(phone text) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.phone_spellings(phone text) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.prewarm_places() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.prewarms() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.promote(orgs uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.push_backfill(orgs uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.push_rebuilds(orgs uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.quarantine_pause() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.quarantine_starts() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.reaches(start timestamp with time zone, span interval) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.rebuild_gap() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.refuse_erased() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.release(job_id text, worker text) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.release_strays(worker text, held text[], since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.renew_if_behind(installation uuid, seen xid8) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.renew_installation() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.retry(job_id text) FROM PUBLIC;

REVOKE ALL ON PROCEDURE prewarm.seal() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.sentiment_of(label text) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.span_of(span interval, at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.spans_between(org uuid, since timestamp with time zone, until timestamp with time zone, span interval) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.stale_buckets(org uuid, touched uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.start(org uuid, worker text, lease interval) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.sums_of(org uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.system_identifier() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.take(worker text, queue text, n integer, lease interval) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.test_call_joins() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.test_call_patience() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.test_call_waits() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.timeline() FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.tombstone_of(name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.touched_bins(org uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.touched_leads(org uuid, at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON PROCEDURE prewarm.unwatch(IN source regclass) FROM PUBLIC;

REVOKE ALL ON FUNCTION prewarm.walk() FROM PUBLIC;

REVOKE ALL ON PROCEDURE prewarm.watch(IN source regclass, IN on_insert regproc, IN on_update regproc, IN on_delete regproc) FROM PUBLIC;

REVOKE ALL ON PROCEDURE prewarm.watch_with(IN source regclass, IN mark regproc) FROM PUBLIC;

REVOKE ALL ON PROCEDURE prewarm.write_above(IN org uuid, IN above integer, IN starts timestamp with time zone[]) FROM PUBLIC;

REVOKE ALL ON PROCEDURE prewarm.write_bins(IN org uuid, IN hours timestamp with time zone[]) FROM PUBLIC;

REVOKE ALL ON PROCEDURE prewarm.write_lead_sums(IN org uuid, IN buckets integer[]) FROM PUBLIC;

REVOKE ALL ON PROCEDURE prewarm.write_leads(IN org uuid, IN at timestamp with time zone, IN touched uuid[]) FROM PUBLIC;

REVOKE ALL ON PROCEDURE prewarm.write_spans(IN org uuid, IN bins timestamp with time zone[], IN hours timestamp with time zone[]) FROM PUBLIC;

REVOKE ALL ON PROCEDURE prewarm.write_sums(IN org uuid, IN at timestamp with time zone, IN bins timestamp with time zone[]) FROM PUBLIC;

REFRESH MATERIALIZED VIEW prewarm.fleet_pulse;

