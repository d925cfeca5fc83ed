// The usual design as a peer: Express, gzip at level 6, JSON in Redis, and a view behind it.
'use strict';

const compression = require('compression');
const express = require('express');
const Redis = require('ioredis');
const jwt = require('jsonwebtoken');
const { Pool } = require('pg');

const { DATABASE_URL, HOST, JWT_SECRET, PORT, REDIS_SOCKET } = process.env;
const TTL_SECONDS = 3600;
const LEADS = `
  select *
    from plan.view_actionable_leads
   where org_id = $1
   order by follow_up_urgency desc, lead_score desc
   limit 50`;

const redis = new Redis(REDIS_SOCKET);
const pool = new Pool({ connectionString: DATABASE_URL });

function requireAuth(request, response, next) {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ');
  if (scheme !== 'Bearer' || !token) {
    return response.status(401).json({ error: 'no token' });
  }
  try {
    const claims = jwt.verify(token, JWT_SECRET, { algorithms: ['HS256'], audience: 'authenticated' });
    request.org = claims.app_metadata.org_id;
  } catch {
    return response.status(401).json({ error: 'bad token' });
  }
  return next();
}

async function leadsOf(org) {
  const key = `leads:${org}`;
  const cached = await redis.get(key);
  if (cached !== null) {
    return JSON.parse(cached);
  }
  const { rows } = await pool.query(LEADS, [org]);
  await redis.setex(key, TTL_SECONDS, JSON.stringify(rows));
  return rows;
}

const app = express();
app.use(compression({ level: 6, threshold: 1024 }));
app.get('/api/analytics/leads', requireAuth, async (request, response) => {
  response.json({ leads: await leadsOf(request.org) });
});
app.listen(Number(PORT), HOST);
