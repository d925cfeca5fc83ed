// Measures the page on this machine: `npm run figures`. `--json` prints the figures for a program.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { launch, live, open, openIn, profile, withMachine } from './browser.js';
import { type Org, Stack, until } from './stack.js';

const ROUNDS = 7;
const CHANGES = 100;
/** The calls in an hour of a clinic: one every five minutes. */
const CALLS_AN_HOUR = 12;
const POLL_SECONDS = 30;
const BEAT_SECONDS = 15;
const HEARTBEAT = ':\n\n';
/** The paths that a polling page reads. */
const POLLED = ['/api/analytics/dashboard-pulse', '/api/analytics/recent-activity', '/api/analytics/leads'];

const at = (numbers: number[], share: number) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
};
const median = (numbers: number[]) => at(numbers, 0.5);
const round = (n: number, digits = 0) => Number(n.toFixed(digits));

/** Milliseconds from navigation to the paint that shows the data, each in a new profile. */
const cold = async (browser: Browser, stack: Stack, org: Org) => {
  const rounds = [];
  for (let i = 0; i <= ROUNDS; i++) {
    const context = await profile(browser);
    const page = await open(context, stack.url, org);
    rounds.push(await page.evaluate(() => {
      const entry = (name: string) => (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).find((one) => one.name.endsWith(name));
      const [page] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
      return {
        painted: performance.getEntriesByName('prewarm:data')[0]!.startTime,
        html: page!.responseEnd,
        data: entry('/api/analytics/dashboard')!.responseEnd,
        script: (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).find(({ name }) => /index-.*\.js$/.test(name))!.responseEnd,
      };
    }));
    await context.close();
  }
  // The first load warms up the server and does not count.
  const [, ...rest] = rounds;
  return (['painted', 'html', 'data', 'script'] as const).map((name) => round(median(rest.map((one) => one[name]))));
};

/** The floor under `cold`: the same page as finished HTML with its styles in it, no script and no request. */
const bare = async (browser: Browser, stack: Stack, org: Org) => {
  const first = await profile(browser);
  const page = await open(first, stack.url, org);
  const html = await page.evaluate(async () => {
    const styles = document.querySelector<HTMLLinkElement>('link[rel=stylesheet]')!;
    const inline = document.createElement('style');
    inline.textContent = await (await fetch(styles.href)).text();
    styles.replaceWith(inline);
    document.querySelectorAll('script').forEach((script) => script.remove());
    return document.documentElement.outerHTML;
  });
  await first.close();
  const server = createServer((_, answer) => answer.setHeader('content-type', 'text/html; charset=utf-8').end(`<!doctype html>${html}`));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const times = [];
  for (let i = 0; i < ROUNDS; i++) {
    const context = await profile(browser);
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const painted = await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
    times.push(Number(await painted.jsonValue()));
    await context.close();
  }
  server.closeAllConnections();
  server.close();
  return round(median(times));
};

/** The size of the scripts loaded without interaction, by gzip and brotli. */
const script = (): [number, number] => {
  const assets = new URL('../dist/assets/', import.meta.url);
  const [name] = readdirSync(assets).filter((name) => /^index-.*\.js$/.test(name));
  return [statSync(new URL(`${name}.gz`, assets)).size, statSync(new URL(`${name}.br`, assets)).size];
};

/** Milliseconds from the commit of a plain UPDATE to the change on screen, by one clock. */
const changes = async (page: Page, stack: Stack, org: Org): Promise<number[]> => {
  await page.evaluate(() => {
    const seen: Record<string, number> = {};
    Object.assign(window, { seen });
    new MutationObserver(() => {
      for (const name of document.querySelectorAll('.leads .name')) seen[name.textContent!] ??= performance.timeOrigin + performance.now();
    }).observe(document.querySelector('.leads')!, { subtree: true, childList: true, characterData: true });
  });
  const late: number[] = [];
  for (let change = 0; change < CHANGES; change++) {
    const name = `Change ${change}`;
    const committed = Number(stack.sql(`update contacts set name = '${name}' where org_id = '${org.id}' and phone = '+15550000009'; select extract(epoch from clock_timestamp()) * 1000`));
    const shown = await page.waitForFunction((name) => (window as never as { seen: Record<string, number> }).seen[name], name);
    late.push(Number(await shown.jsonValue()) - committed);
  }
  return late;
};

/** The body sizes of a refresh after one change: the leads alone, and all panels. */
const refresh = async (page: Page, stack: Stack, org: Org): Promise<[number, number]> => {
  const sizes = (path: string) => page.evaluate((path) =>
    (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).filter(({ name }) => name.endsWith(path)).map(({ encodedBodySize }) => encodedBodySize), path);
  const read = () => page.evaluate(async () => {
    const headers = { authorization: `Bearer ${sessionStorage.getItem('prewarm.token')}`, 'prewarm-delta': '1' };
    await (await fetch('/api/analytics/leads', { cache: 'no-cache', headers })).text();
  });
  await read();
  const bodies: [number[], number[]] = [[], []];
  for (let n = 0; n < 9; n++) {
    const before = (await sizes('/api/analytics/dashboard')).length;
    stack.sql(`insert into calls (org_id, contact_id, phone_number, status, duration_seconds, summary, sentiment_label, created_at)
               select org_id, id, phone, 'completed', ${30 + n}, 'Asked about call ${n}.', 'positive', now() from contacts where org_id = '${org.id}' and phone = '+155500000${20 + n}'`);
    await until('the refresh', async () => (await sizes('/api/analytics/dashboard')).length > before);
    await read();
    bodies[0].push((await sizes('/api/analytics/leads')).at(-1)!);
    bodies[1].push((await sizes('/api/analytics/dashboard')).at(-1)!);
    // A browser writes a body to disk before it can be a dictionary.
    await page.waitForTimeout(400);
  }
  return [median(bodies[0]), median(bodies[1])];
};

/** All bytes that a page receives, headers and streams included, as the browser counts them. */
const count = async (page: Page) => {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const seen = { bytes: 0, requests: 0, beat: Infinity };
  session.on('Network.dataReceived', ({ dataLength, encodedDataLength }) => {
    seen.bytes += encodedDataLength;
    // The browser may attribute the event's bytes to the first request after it.
    if (dataLength === HEARTBEAT.length && encodedDataLength) seen.beat = Math.min(seen.beat, encodedDataLength);
  });
  session.on('Network.responseReceivedExtraInfo', ({ headersText, headers }) => {
    seen.requests++;
    seen.bytes += headersText?.length ?? Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 20);
  });
  return seen;
};

/** The bytes of an hour: of this page, and of a page that polls the same server. */
const hour = async (browser: Browser, stack: Stack) => {
  const org = stack.org(50);
  const call = () => stack.sql(`insert into calls (org_id, contact_id, phone_number, status, duration_seconds, summary, created_at)
    select org_id, id, phone, 'completed', 77, 'Asked about a cleaning.', now() from contacts where org_id = '${org.id}' order by random() limit 1`);
  const context = await profile(browser);
  const page = await context.newPage();
  // Has to start before the stream opens, or its bytes are not counted.
  const ours = await count(page);
  await openIn(page, stack.url, org);
  await live(page);
  ours.bytes = 0;
  for (let n = 0; n < CALLS_AN_HOUR; n++) {
    const version = await page.locator('main').getAttribute('data-version');
    call();
    await page.waitForFunction((version) => document.querySelector('main')?.dataset.version !== version, version);
    await page.waitForTimeout(400);
  }
  const news = ours.bytes;
  await page.waitForTimeout(3 * BEAT_SECONDS * 1_000);
  const { beat } = ours;
  const polling = await context.newPage();
  await polling.goto(`${stack.url}/robots.txt`);
  const theirs = await count(polling);
  const poll = () => polling.evaluate(async ([token, paths]) => {
    await Promise.all(paths.map(async (path) => (await fetch(path, { headers: { authorization: `Bearer ${token}` } })).json()));
  }, [org.token, POLLED] as const);
  await poll();
  const [whole, before] = [theirs.bytes, theirs.bytes];
  await poll();
  const same = theirs.bytes - before;
  await context.close();
  const polls = 3_600 / POLL_SECONDS;
  return {
    ours: round(news + (3_600 / BEAT_SECONDS) * beat), oursRequests: CALLS_AN_HOUR,
    change: round(news / CALLS_AN_HOUR), beats: round((3_600 / BEAT_SECONDS) * beat),
    polling: round(CALLS_AN_HOUR * whole + (polls - CALLS_AN_HOUR) * same), always: polls * whole, pollingRequests: polls * POLLED.length,
  };
};

/**
 * Milliseconds of a test call with a permitted microphone, after the pointer was on the button: from the click to the stage
 * "connecting", and from Vapi's notice of the end to the end on screen, without help of the SDK.
 */
const testCall = async (stack: Stack): Promise<[number, number]> => {
  const browser = await launch(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']);
  const org = stack.org(3);
  await until('the assistant', async () => stack.sql(`select vapi_assistant_id from agents where org_id = '${org.id}'`));
  const assistantId = stack.sql(`select vapi_assistant_id from agents where org_id = '${org.id}'`);
  const [took, ended]: [number[], number[]] = [[], []];
  for (let n = 0; n < ROUNDS; n++) {
    const context = await profile(browser, { permissions: ['microphone'] });
    await withMachine(context);
    const page = await open(context, stack.url, org);
    await live(page);
    await page.evaluate(() => {
      addEventListener('click', () => Object.assign(window, { clicked: performance.now() }), { capture: true });
      new MutationObserver(() => {
        const stage = document.querySelector<HTMLElement>('.call')?.dataset.stage;
        if (stage === 'connecting' || stage === 'ready') (window as never as { connected?: number }).connected ??= performance.now();
      }).observe(document.body, { subtree: true, childList: true, attributes: true });
    });
    const button = page.getByRole('button', { name: 'Test agent' });
    await button.hover();
    // About the time between pointing and clicking.
    await page.waitForTimeout(250);
    await button.click();
    const both = await page.waitForFunction(() => {
      const { clicked, connected } = window as never as { clicked: number; connected?: number };
      return connected && [connected - clicked];
    });
    took.push(((await both.jsonValue()) as number[])[0]!);
    await page.locator('.call[data-stage=ready]').waitFor();
    const id = stack.sql(`select vapi_call_id from prewarm.test_calls where org_id = '${org.id}' order by created_at desc limit 1`);
    const told = Date.now();
    await stack.webhook({ type: 'status-update', status: 'ended', endedReason: 'customer-ended-call', timestamp: told, call: { id, type: 'webCall', assistantId } });
    await page.locator('.call[data-stage=ended]').waitFor();
    ended.push(Date.now() - told);
    await context.close();
  }
  await browser.close();
  return [median(took), median(ended)];
};

const stack = await Stack.start();
const browser = await launch();
try {
  // Waits until the demo's own orgs are built.
  await until('nothing is owed', async () => stack.sql('select not exists (select from prewarm.marks)') === 't');
  const org = stack.org(50);
  const [painted, html, data, loaded] = await cold(browser, stack, org);
  const floor = await bare(browser, stack, org);
  const [gzip, br] = script();
  const context = await profile(browser);
  const page = await open(context, stack.url, org);
  await live(page);
  const late = await changes(page, stack, org);
  const [leads, all] = await refresh(page, stack, org);
  await context.close();
  const [click, end] = await testCall(stack);
  const tab = await hour(browser, stack);
  const figures = {
    painted, floor, html, data, loaded, gzip, br, p50: round(at(late, 0.5)), p99: round(at(late, 0.99)), leads, all, connecting: round(click), ended: round(end), ...tab,
  };
  if (process.argv.includes('--json')) console.log(JSON.stringify(figures));
  else {
    console.log(`cold page to first data painted, median of ${ROUNDS}: ${painted} ms (the page there after ${html}, the data after ${data}, the script after ${loaded}); the same as HTML without a script: ${floor} ms`);
    console.log(`script: ${gzip} B gzip, ${br} B br`);
    console.log(`a change on screen after its commit, ${CHANGES} changes: p50 ${figures.p50} ms, p99 ${figures.p99} ms`);
    console.log(`bodies of a refresh after one call: leads ${leads} B, all panels ${all} B`);
    console.log(`click to "connecting", microphone allowed, median of ${ROUNDS}: ${figures.connecting} ms`);
    console.log(`the end of a test call on screen after Vapi's word, median of ${ROUNDS}: ${figures.ended} ms`);
    console.log(`an hour of an open tab with ${CALLS_AN_HOUR} calls: ${tab.ours} B in ${tab.oursRequests} requests and a stream`);
    console.log(`  a page that polls three panels each ${POLL_SECONDS} s and revalidates: ${tab.polling} B in ${tab.pollingRequests} requests, ${round(tab.polling / tab.ours, 1)} times as many; one that never revalidates: ${tab.always} B, ${round(tab.always / tab.ours, 1)} times`);
  }
} finally {
  await browser.close();
  await stack.stop();
}
