import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname } from 'node:path';
import type { ActivityEvent, Call, Dashboard, Lead } from '../client/src/models.js';

/** The fixed current time. */
export const NOW = Date.parse('2026-03-12T13:24:31.400Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const VERSION = '1-4711';

const at = (ms: number): string => new Date(NOW - ms).toISOString().replace('Z', '000Z');
const id = (kind: number, n: number): string => `00000000-0000-4000-8000-${String(kind * 1000 + n).padStart(12, '0')}`;
/** A deterministic random generator. */
const dice = (seed: number) => () => ((seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647);

const NAMES = [
  'Ada Lovelace', 'Grace Hopper', 'Katherine Johnson', 'مريم بنت عبد الله', 'Radia Perlman', 'Wolfeschlegelsteinhausenbergerdorff-Smith the Third of Ashbourne',
  'Barbara Liskov', 'Lise Meitner', 'Zoë Ångström', 'Hedy Lamarr', 'Emmy Noether', 'Mary Somerville', 'Sofia Kovalevskaya', 'שרה כהן', 'Dorothy Vaughan',
  'Annie Easley', 'Margaret Hamilton', 'Edsger Dijkstra', 'Alan Turing', 'Tony Hoare',
];
const WISHES = ['Cleaning', 'Whitening', 'Implant', 'Check-up', 'Braces for two children, and a second opinion'];
const SUMMARIES = [
  'Wants a cleaning next week, mornings only; asked whether the insurance pays for it.',
  'Asked about the price of whitening and would like to be called back.',
  'Has had pain for two days. Was told to come in today at five.',
  null,
  'Moved an appointment and was happy with how quickly it went.',
];
const nameOf = (n: number): string => (n < NAMES.length ? NAMES[n]! : `${NAMES[n % NAMES.length]!.split(' ')[0]} ${String.fromCharCode(65 + (n % 26))}.`);
const phoneOf = (n: number): string | null => (n === 7 ? null : `+1555${String(2_001_000 + n * 7919).slice(-7)}`);

const lead = (n: number): Lead => {
  const score = Math.max(12, 97 - n * 2);
  const temperature = score >= 80 ? 'hot' : score >= 50 ? 'warm' : 'cold';
  const contacted = n < 14 ? n * 97 * MINUTE : n < 34 ? n * 5 * HOUR : n * 19 * HOUR;
  return {
    avg_call_duration: 140, contact_name: n === 9 ? null : nameOf(n), created_at: at(n * DAY), email: n % 3 ? `lead${n}@example.com` : null,
    follow_up_urgency: contacted < DAY ? 'high' : contacted < 7 * DAY ? 'medium' : 'low', id: id(1, n), last_call_at: at(contacted),
    last_call_summary: SUMMARIES[n % SUMMARIES.length]!, last_contact_at: at(contacted), lead_score: n === 8 ? null : score, lead_status: 'new',
    lead_temp: temperature, lead_temperature: temperature, org_id: id(0, 1), phone_number: phoneOf(n), sentiment_trend: [0.8, 0, -0.5][n % 3]!,
    service_interests: n % 4 ? [WISHES[n % WISHES.length]!] : null, total_calls: 1 + (n % 5),
  };
};

const STATUSES = ['completed', 'completed', 'completed', 'no-answer', 'completed', 'failed'];
const call = (n: number): Call => {
  const status = STATUSES[n % STATUSES.length]!;
  const isAnswered = status === 'completed';
  return {
    appointment_id: null, appointment_scheduled_at: null, appointment_service_type: null, appointment_status: null, call_date: at((n * n * 11 + 2) * MINUTE),
    call_direction: n % 4 === 2 ? 'outbound' : 'inbound', call_type: 'inbound', caller_name: n % 6 === 5 ? phoneOf(n)! : nameOf(n), cost_cents: 12 + n,
    duration_seconds: isAnswered ? 61 + n * 43 : 0, ended_reason: isAnswered ? 'customer-ended-call' : null, has_appointment: false, has_recording: false,
    has_transcript: false, id: id(2, n), outcome: null, outcome_summary: isAnswered ? SUMMARIES[n % SUMMARIES.length]! : null, phone_number: phoneOf(n) ?? '',
    recording_status: null, sentiment_label: isAnswered ? 'positive' : null, sentiment_score: isAnswered ? 0.82 : null, sentiment_summary: null,
    sentiment_urgency: null, status, tools_used: [],
  };
};

const happened = (n: number): ActivityEvent => {
  const name = nameOf(n);
  const timestamp = at((n * 13 + 1) * MINUTE);
  if (n % 4 === 1) {
    return {
      id: `hotlead_${id(1, n)}`, type: 'hot_lead_detected', timestamp, summary: `🔥 Hot lead: ${name}`,
      metadata: { call_id: null, lead_name: name, lead_phone: phoneOf(n), lead_score: 97 - n, service_interest: WISHES[n % WISHES.length]! },
    };
  }
  if (n % 4 === 3) {
    return {
      id: `appointment_${id(3, n)}`, type: 'appointment_booked', timestamp, summary: `📅 Appointment booked: ${name}`,
      metadata: { contact_phone: phoneOf(n), customer_name: name, scheduled_at: at(-n * DAY), service_type: 'Cleaning' },
    };
  }
  return {
    id: `call_${id(2, n)}`, type: 'call_completed', timestamp, summary: `📞 Call completed: ${name}`,
    metadata: { call_direction: 'inbound', caller_name: name, duration_seconds: 90, sentiment_label: 'positive', sentiment_summary: 'Wants a cleaning', sentiment_urgency: 'low' },
  };
};

/** The data of a clinic of some size. */
export const full = (): Dashboard => {
  const roll = dice(7);
  const hourly = Array.from({ length: 168 }, (_, i) => {
    const hour = Math.floor(NOW / HOUR) * HOUR - (167 - i) * HOUR;
    const day = new Date(hour).getUTCHours();
    const calls = day < 7 || day > 19 ? 0 : Math.floor(roll() * 14 * Math.sin(((day - 6) / 14) * Math.PI));
    return { avg_duration_seconds: 130, calls, hour: new Date(hour).toISOString(), inbound: Math.ceil(calls * (0.5 + roll() / 2)) };
  }).filter(({ calls }) => calls);
  return {
    pulse: {
      answered_calls: 5_104, appointments_booked: 318, avg_duration_seconds: 149, avg_sentiment: 0.74, calls_today: 47, hot_leads_count: 9, hourly,
      inbound_calls: 4_820, outbound_calls: 1_190, pipeline_value: 184_500, success_rate: 6.6, total_calls: 6_010,
    },
    leads: { leads: Array.from({ length: 50 }, (_, n) => lead(n)) },
    activity: { events: Array.from({ length: 10 }, (_, n) => happened(n)) },
    calls: { calls: Array.from({ length: 20 }, (_, n) => call(n)), pagination: { limit: 20, page: 1, pages: 301, total: 6_010 } },
  };
};

/** The data of a new org. */
export const nothing = (): Dashboard => ({
  pulse: {
    answered_calls: 0, appointments_booked: 0, avg_duration_seconds: 0, avg_sentiment: 0, calls_today: 0, hot_leads_count: 0, hourly: [],
    inbound_calls: 0, outbound_calls: 0, pipeline_value: 0, success_rate: 0, total_calls: 0,
  },
  leads: { leads: [] },
  activity: { events: [] },
  calls: { calls: [], pagination: { limit: 20, page: 1, pages: 0, total: 0 } },
});

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.txt': 'text/plain' };
const DIST = new URL('../dist', import.meta.url).pathname;

/**
 * Serves the built page with fixed answers, so that pictures of it are the same each time. Its behaviour is tested with the
 * real server.
 */
export class Given {
  data: () => Dashboard = full;
  /** The status that replaces the panels. */
  status?: number;
  labels: Record<string, string> = {};
  stream: 'open' | 'refused' = 'open';
  hangs = false;
  agent = 200;
  reason?: string;
  private n = 0;
  private readonly server = createServer((request, response) => this.answer(request, response));
  url = '';

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as { port: number }).port}`;
    return this;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  reset(): void {
    Object.assign(this, { data: full, status: undefined, labels: {}, stream: 'open', hangs: false, agent: 200, reason: undefined });
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url!, this.url);
    if (pathname === '/api/analytics/dashboard') return this.panels(response, searchParams.get('version'));
    if (pathname === '/api/calls-dashboard') return this.json(response, this.status ?? 200, nothing().calls);
    if (pathname === '/api/analytics/stream' || pathname.endsWith('/events')) return this.events(response, pathname);
    if (pathname === '/api/organization') return this.json(response, 200, { name: 'Clinic am Park', timezone: 'Europe/Berlin' });
    if (pathname === '/api/founder-console/agent') {
      return this.json(response, this.agent, {
        agentId: id(4, 1), call_direction: 'inbound', name: 'Front desk', systemPrompt: 'You answer the phone of a dental clinic. Be kind, be brief, and offer an appointment.',
        firstMessage: 'Clinic am Park, how can I help?', voice: { provider: '11labs', voiceId: 'sarah' }, model: { provider: 'openai', model: 'gpt-4o' }, synced: true,
      });
    }
    if (pathname === '/api/founder-console/test-agent') return this.json(response, 200, { webCallId: id(5, 1), stream: `${pathname}/1/events` });
    if (pathname.startsWith('/api/')) return this.json(response, 204, undefined);
    const name = pathname === '/' ? '/index.html' : pathname;
    response.writeHead(200, { 'content-type': TYPES[extname(name)] ?? 'text/plain' });
    response.end(readFileSync(DIST + name));
  }

  private panels(response: ServerResponse, version: string | null): void {
    if (this.hangs) return;
    this.n++;
    const status = version === '1-1' ? 410 : (this.status ?? 200);
    // The instant when a lead called yesterday falls to medium.
    const next = at(13 * 97 * MINUTE - DAY);
    const labels = { 'prewarm-version': version ?? VERSION, 'prewarm-as-of': at(400), 'prewarm-age': '0', 'prewarm-next-change': next, etag: `W/"${this.n}"`, ...this.labels };
    this.json(response, status, status === 200 ? this.data() : { error: 'x' }, labels);
  }

  private events(response: ServerResponse, path: string): void {
    if (path.includes('/test-agent/')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      if (this.reason) response.end(`event: failed\ndata: ${JSON.stringify({ stage: 'failed', reason: this.reason, webCallUrl: null })}\n\n`);
      else response.write('event: ready\ndata: {"stage":"ready","webCallUrl":"https://vapi.daily.co/x","reason":null}\n\n');
      return;
    }
    if (this.stream === 'refused') return this.json(response, 503, { error: 'x' });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': here\n\n');
  }

  private json(response: ServerResponse, status: number, body: unknown, labels: object = {}): void {
    response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'b7c1f0de', ...labels });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  }
}

/** An unsigned token that names an org. */
export const TOKEN = ['{}', JSON.stringify({ app_metadata: { org_id: id(0, 1) } }), ''].map((part) => Buffer.from(part).toString('base64url')).join('.');
