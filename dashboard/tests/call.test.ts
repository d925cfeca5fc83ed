import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launch, live, open, profile, violations, withMachine } from './browser.js';
import { type Org, SOON, Stack, until } from './stack.js';

let stack: Stack;
let allowing: Browser;

before(async () => {
  stack = await Stack.start();
  allowing = await launch(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']);
}, { timeout: 4 * SOON });

after(async () => {
  await allowing?.close();
  await stack?.stop();
}, { timeout: SOON });

/** An org whose agent already has its assistant. */
const ready = async (): Promise<Org> => {
  const org = stack.org(3);
  await until('the assistant', async () => stack.sql(`select vapi_assistant_id from agents where org_id = '${org.id}'`));
  return org;
};

/** Records every microphone track that the page gets. */
const watchMicrophone = (context: BrowserContext) =>
  context.addInitScript(() => {
    const tracks: MediaStreamTrack[] = [];
    Object.assign(window, { tracks, asked: 0 });
    const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
    if (!ask) return;
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      (window as never as { asked: number }).asked++;
      const stream = await ask(wanted);
      tracks.push(...stream.getTracks());
      return stream;
    };
  });
const isOff = (page: Page) => page.waitForFunction(() => (window as never as { tracks: MediaStreamTrack[] }).tracks.every((track) => track.readyState === 'ended'));
const stage = (page: Page, wanted: string) => page.locator(`.call[data-stage=${wanted}]`).waitFor();
const say = (page: Page, message: unknown) => page.evaluate((message) => (window as never as { room: { said: (m: unknown) => void } }).room.said(message), message);

const it = (name: string, body: (page: Page, org: Org, context: BrowserContext) => Promise<void>, setUp?: (context: BrowserContext) => Promise<unknown>) =>
  test(name, { timeout: 4 * SOON }, async () => {
    const org = await ready();
    const context = await profile(allowing, { permissions: ['microphone'] });
    await watchMicrophone(context);
    await withMachine(context);
    await setUp?.(context);
    const page = await open(context, stack.url, org);
    try {
      await live(page);
      await body(page, org, context);
      await isOff(page);
      assert.deepEqual(context.wrongs, []);
    } catch (error) {
      if (process.env.PREWARM_TEST_SHOTS) await page.screenshot({ path: `${process.env.PREWARM_TEST_SHOTS}/call-${name.slice(0, 12)}.png`, fullPage: true }).catch(() => {});
      throw error;
    } finally {
      await context.close();
    }
  });
const button = (page: Page) => page.getByRole('button', { name: 'Test agent' });

describe('a test call', { concurrency: false }, () => {
  it('goes from the microphone to the agent’s words, and ends', async (page) => {
    assert.equal(await page.evaluate(() => (window as never as { asked: number }).asked), 0, 'no permission prompt before the click');
    const scripts = () => page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => /vapi/.test(name)).length);
    assert.equal(await scripts(), 0, 'Vapi’s SDK is loaded on intent only');
    await button(page).click();
    await stage(page, 'ready');
    await say(page, { type: 'transcript', role: 'assistant', transcriptType: 'final', transcript: 'Hello, how can I help you?' });
    await page.getByLabel('Transcript').getByText('Hello, how can I help you?').waitFor();
    await stage(page, 'speaking');
    await say(page, { type: 'transcript', role: 'user', transcriptType: 'partial', transcript: 'I would' });
    await say(page, { type: 'transcript', role: 'user', transcriptType: 'final', transcript: 'I would like a cleaning.' });
    await page.getByLabel('Transcript').getByText('I would like a cleaning.').waitFor();
    assert.equal(await page.locator('.transcript li').count(), 2);
    await page.waitForFunction(() => !/scaleX\(0\.000\)/.test(document.querySelector<HTMLElement>('.meter i')?.style.transform ?? 'scaleX(0.000)'));
    assert.deepEqual(await violations(page), []);
    await page.getByRole('button', { name: 'Mute', exact: true }).click();
    assert.ok(await page.evaluate(() => (window as never as { tracks: MediaStreamTrack[] }).tracks.every((track) => track.readyState === 'ended' || !track.enabled)));
    await page.getByRole('button', { name: 'End call' }).click();
    await stage(page, 'ended');
    await page.getByText('The microphone is off.').waitFor();
  });

  it('ends when the server says so, although the SDK does not', async (page, org) => {
    await button(page).click();
    await stage(page, 'ready');
    const id = stack.sql(`select vapi_call_id from prewarm.test_calls where org_id = '${org.id}' order by created_at desc limit 1`);
    const assistantId = stack.sql(`select vapi_assistant_id from agents where org_id = '${org.id}'`);
    const tell = (message: object) => stack.webhook({ type: 'status-update', call: { id, type: 'webCall', assistantId }, ...message });
    await tell({ status: 'in-progress', timestamp: Date.now() });
    await until('its place is free', async () => stack.sql(`select from prewarm.close_test_calls(); select 1 from prewarm.test_calls where vapi_call_id = '${id}' and stage = 'ended'`));
    // A joined call continues although its row is closed. Four seconds are longer than the notice of the row takes.
    await page.waitForTimeout(4_000);
    assert.equal(await page.locator('.call').getAttribute('data-stage'), 'ready');
    await tell({ status: 'ended', endedReason: 'customer-ended-call', timestamp: Date.now() });
    await stage(page, 'ended');
  });

  it('a closed room is explained', async (page) => {
    await button(page).click();
    await page.getByText('The call ended before it could be joined.').waitFor();
  }, (context) => context.addInitScript(() => Object.assign(window, { refuse: 'Meeting has ended' })));

  it('a network that blocks Daily is explained', async (page) => {
    await button(page).click();
    await page.getByText('The audio service cannot be reached from here.').waitFor();
  }, (context) => context.route('https://c.daily.co/**', (route) => route.abort()));

  it('a failing api is explained, with the request id', async (page) => {
    await page.route('**/test-agent', (route) => route.fulfill({ status: 503, headers: { 'x-request-id': 'req-7' }, json: { error: 'Temporarily unavailable' } }));
    await button(page).click();
    await page.getByRole('alert').getByText('req-7').waitFor();
  });

  it('an account without credit is explained', async (page) => {
    await page.route('**/test-agent/*/events*', (route) =>
      route.fulfill({ contentType: 'text/event-stream', body: 'event: failed\ndata: {"stage":"failed","reason":"Wallet Balance is -0.52.","webCallUrl":null}\n\n' }));
    await button(page).click();
    await page.getByText('The Vapi account has no credit left.').waitFor();
  });

  it('a weak connection is shown', async (page) => {
    await button(page).click();
    await stage(page, 'ready');
    await page.evaluate(() => (window as never as { room: { tell: (m: object) => void } }).room.tell({ action: 'network-quality-change', threshold: 'very-low', quality: 10, state: { state: 'bad', reasons: ['sendPacketLoss'] } }));
    await page.getByText('Your connection is weak').waitFor();
    await page.getByRole('button', { name: 'End call' }).click();
    await stage(page, 'ended');
  });

  it('a permitted microphone is opened early and released when it is not used', async (page) => {
    await button(page).hover();
    await page.waitForFunction(() => (window as never as { tracks: MediaStreamTrack[] }).tracks.length === 1);
    await isOff(page);
  });

  it('a microphone check precedes a call, which uses the same track', async (page) => {
    await page.getByRole('button', { name: 'Check microphone' }).click();
    await page.getByText('It hears you.').waitFor();
    assert.deepEqual(await violations(page), []);
    await button(page).click();
    await stage(page, 'ready');
    assert.equal(await page.evaluate(() => (window as never as { asked: number }).asked), 1);
    await page.getByRole('button', { name: 'End call' }).click();
    await stage(page, 'ended');
  });

  it('a microphone check ends by hand or by itself', async (page) => {
    await page.getByRole('button', { name: 'Check microphone' }).click();
    await page.getByText('It hears you.').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('The microphone is off.').waitFor();
    await isOff(page);
    await page.getByRole('button', { name: 'Check microphone' }).click();
    await page.getByText('It hears you.').waitFor();
  });

  it('the agent is saved, and its progress is shown', async (page) => {
    const form = page.getByRole('form', { name: 'Agent’s settings' });
    await form.getByLabel('First message').fill('Good morning?');
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText('Saved, and ready to be called.').waitFor();
    await form.getByLabel('Name').fill(' ');
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByRole('alert').waitFor();
  });

  for (const [what, args, sentence] of [
    ['a microphone that is not allowed', ['--use-fake-device-for-media-stream'], 'The browser may not use the microphone.'],
    ['a machine without a microphone', ['--use-fake-ui-for-media-stream'], 'No microphone was found.'],
  ] as const) {
    test(`${what} is explained, and nothing of the call is left`, { timeout: 3 * SOON }, async () => {
      const org = await ready();
      const browser = await launch([...args]);
      const context = await profile(browser);
      await withMachine(context);
      const page = await open(context, stack.url, org);
      await button(page).click();
      await page.getByText(sentence).waitFor();
      await stage(page, 'failed');
      assert.deepEqual(await violations(page), []);
      await browser.close();
    });
  }
});
