// Views maintained by pg_ivm in PGlite, which is Postgres as WASM, in this process and in memory. npm ships pg_ivm there.
// usage: node ivm.js ORG CONTACTS.csv CALLS.csv
'use strict';

const http = require('node:http');
const { openAsBlob } = require('node:fs');
const { PGlite } = require('@electric-sql/pglite');
const { pg_ivm } = require('@electric-sql/pglite/pg_ivm');

const [org, contacts, calls] = process.argv.slice(2);

const TABLES = `
  create table contacts (id uuid primary key, org_id uuid not null, phone text, lead_score int, lead_status text);
  create table calls (id uuid primary key default gen_random_uuid(), org_id uuid not null, contact_id uuid, phone_number text,
    duration_seconds int, sentiment_label text, sentiment_score numeric, created_at timestamptz not null default now());
`;
const INDEXES = `
  create index on contacts (phone);
  create index on calls (contact_id);
  create index on calls (phone_number);
  analyze;
`;
// pg_ivm maintains inner joins, counts, sums and extremes, so leads without calls, last summaries and urgency are left out.
const VIEWS = `
  select pgivm.create_immv('leads', $$
    select c.id, count(*) as total_calls, max(k.created_at) as last_call_at, avg(k.duration_seconds) as avg_call_duration,
           avg(case k.sentiment_label when 'positive' then 1 when 'negative' then -1 else 0 end) as sentiment_trend
      from contacts c join calls k on k.org_id = c.org_id and (k.phone_number = c.phone or k.contact_id = c.id)
     where c.lead_status in ('new', 'contacted', 'qualified')
     group by c.id $$);
  select pgivm.create_immv('hours', $$
    select date_trunc('hour', k.created_at at time zone 'UTC') as start, count(*) as total_calls,
           sum(k.duration_seconds) as duration_total, sum(k.sentiment_score) as sentiment_total
      from calls k
     group by 1 $$);
`;
const CALL = `
  insert into calls (org_id, contact_id, phone_number, duration_seconds, sentiment_label, sentiment_score)
  select org_id, id, phone, 90, 'positive', 0.8 from contacts where org_id = $1 and phone = $2 limit 1
`;

async function main() {
  const db = await PGlite.create({ extensions: { pg_ivm } });
  await db.exec('create extension pg_ivm;');
  await db.exec(TABLES);
  for (const [table, path] of [['contacts', contacts], ['calls', calls]]) {
    const columns = table === 'contacts' ? 'id, org_id, phone, lead_score, lead_status'
      : 'id, org_id, contact_id, phone_number, duration_seconds, sentiment_label, sentiment_score, created_at';
    await db.query(`copy ${table} (${columns}) from '/dev/blob' csv`, [], { blob: await openAsBlob(path) });
  }
  await db.exec(INDEXES);
  await db.exec(VIEWS);
  http.createServer(async (request, response) => {
    try {
      if (request.method === 'POST') {
        const phone = request.url.slice(1);
        const { affectedRows } = await db.query(CALL, [org, phone]);
        if (affectedRows !== 1) throw new Error('nobody has that number');
      }
      response.writeHead(200, { 'content-length': 0 }).end();
    } catch (error) {
      console.error(error);
      response.writeHead(500, { 'content-length': 0 }).end();
    }
  }).listen(Number(process.env.PORT), process.env.HOST);
}

main();
