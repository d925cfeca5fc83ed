import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The time limit of a wait: twenty times the longest on an idle machine. */
export const SOON = 60_000;

const BINARY = process.env.PREWARM_BIN ?? new URL('../../target/debug/prewarm', import.meta.url).pathname;
const HOUR = 3600;

export interface Org {
  id: string;
  token: string;
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** Polls `look` until it returns something. */
export const until = async <T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> => {
  const ends = Date.now() + SOON;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > ends) throw new Error(`never: ${what}`);
    await sleep(50);
  }
};

/** The binary with a private Postgres, Redis and Vapi stand-in, and a second api that can be killed. */
export class Stack {
  private readonly children: ChildProcess[] = [];
  private readonly directory = mkdtempSync(join(tmpdir(), 'prewarm-page-'));
  private environment: NodeJS.ProcessEnv = {};
  private api?: ChildProcess;
  /** The URL of the process that runs everything. */
  url = '';
  /** The URL of the api that can be killed. */
  apiUrl = '';

  /** Starts the stack. A failed start ends the processes that it has started. */
  static async start(): Promise<Stack> {
    const stack = new Stack();
    await stack.begin().catch(async (error) => {
      await stack.stop();
      throw error;
    });
    return stack;
  }

  private async begin(): Promise<void> {
    const stack = this;
    // If the tests run as root, Postgres runs under another account.
    chmodSync(stack.directory, 0o755);
    const [http, admin, queue, api, apiAdmin] = await Promise.all([1, 2, 3, 4, 5].map(freePort));
    stack.url = `http://127.0.0.1:${http}`;
    stack.apiUrl = `http://127.0.0.1:${api}`;
    const addresses = (http?: number, admin?: number) => ({
      PREWARM_HTTP_ADDR: `127.0.0.1:${http}`,
      PREWARM_ADMIN_ADDR: `127.0.0.1:${admin}`,
      PREWARM_QUEUE_UI_ADDR: `127.0.0.1:${queue}`,
      PREWARM_DATA_DIR: stack.directory,
      PREWARM_LOG: 'warn',
    });
    stack.run(['up', '--demo'], { ...process.env, ...addresses(http, admin) });
    await until('the stack is up', async () => (await fetch(`http://127.0.0.1:${admin}/readyz`).catch(() => undefined))?.ok);
    const { jwt } = stack.secrets;
    stack.environment = {
      ...process.env,
      ...addresses(api, apiAdmin),
      DATABASE_URL: `postgres://postgres@localhost:5432/postgres?host=${encodeURIComponent(join(stack.directory, 'postgres'))}`,
      REDIS_URL: `unix://${join(stack.directory, 'redis', 'redis.sock')}`,
      SUPABASE_JWT_SECRET: jwt,
      VAPI_WEBHOOK_SECRET: 'secret',
    };
  }

  /** Starts the second api, on the same port each time. */
  async startApi(): Promise<void> {
    this.api = this.run(['api'], this.environment);
    await until('the api answers', async () => (await fetch(this.apiUrl).catch(() => undefined))?.ok);
  }

  async killApi(): Promise<void> {
    const { api } = this;
    if (!api || api.exitCode !== null) return;
    const gone = new Promise((resolve) => api.once('exit', resolve));
    api.kill('SIGKILL');
    await gone;
  }

  killRedis(): void {
    execFileSync('redis-cli', ['-s', join(this.directory, 'redis', 'redis.sock'), 'shutdown', 'nosave']);
  }

  /** Runs SQL as another program would. */
  sql(text: string): string {
    const args = ['-h', join(this.directory, 'postgres'), '-U', 'postgres', '-qAtX', '-v', 'ON_ERROR_STOP=1', '-c', text];
    return execFileSync('psql', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  }

  /** Creates an org with contacts `Contact 1` to `n`, the first with the highest score, and a call of each. */
  org(contacts = 12, zone = 'Europe/Berlin'): Org {
    const id = randomUUID();
    this.sql(`
      insert into organizations (id, name, timezone) values ('${id}', 'Clinic', '${zone}');
      insert into contacts (org_id, name, phone, email, lead_status, lead_score, last_contact_at, service_interests, created_at)
        select '${id}', 'Contact ' || i, '+1555' || lpad(i::text, 7, '0'), 'c' || i || '@example.com', 'new', 95 - i,
               now() - i * interval '1 minute', array['Cleaning'], now() - i * interval '1 day'
          from generate_series(1, ${contacts}) i;
      insert into calls (org_id, contact_id, phone_number, status, duration_seconds, summary, sentiment_label, sentiment_score, created_at)
        select org_id, id, phone, 'completed', 60, 'Wants a cleaning.', 'positive', 0.9, now() - (95 - lead_score) * interval '1 hour'
          from contacts where org_id = '${id}';
      insert into agents (org_id, call_direction, name, system_prompt, first_message, voice, model)
        values ('${id}', 'inbound', 'Front desk', 'Be kind.', 'Hello?', '{"provider": "11labs", "voiceId": "sarah"}', '{"provider": "openai", "model": "gpt-4o"}');
    `);
    return { id, token: this.token(id) };
  }

  token(org: string, seconds = HOUR): string {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const now = Math.floor(Date.now() / 1000);
    const claims = { sub: randomUUID(), aud: 'authenticated', role: 'authenticated', exp: now + seconds, iat: now, app_metadata: { org_id: org } };
    const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
    return `${signed}.${createHmac('sha256', this.secrets.jwt).update(signed).digest('base64url')}`;
  }

  /** Posts a webhook as Vapi does. */
  async webhook(message: object): Promise<Response> {
    const headers = { 'x-vapi-secret': this.secrets.webhook, 'content-type': 'application/json' };
    return fetch(`${this.url}/webhooks/vapi`, { method: 'POST', headers, body: JSON.stringify({ message }) });
  }

  async stop(): Promise<void> {
    await this.killApi();
    for (const child of this.children.filter((child) => child.exitCode === null)) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  private get secrets(): { jwt: string; webhook: string } {
    return JSON.parse(readFileSync(join(this.directory, 'demo-secrets.json'), 'utf8'));
  }

  private run(args: string[], env: NodeJS.ProcessEnv): ChildProcess {
    const child = spawn(BINARY, args, { env, stdio: ['ignore', 'ignore', process.env.PREWARM_TEST_VERBOSE ? 'inherit' : 'ignore'] });
    this.children.push(child);
    return child;
  }
}
