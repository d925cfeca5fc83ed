import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { leads, live, open, order, profile } from '../browser.js';
import { SOON, until } from '../stack.js';
import { browser, call, it, row, stack, state } from './fixture.js';

describe('live updates', { concurrency: false }, () => {
  it('the status line shows a ticking age by the server’s clock', async (page) => {
    await live(page);
    const age = async () => Number(/updated ([\d.]+) s ago/.exec((await page.locator('.truth').textContent()) ?? '')?.[1] ?? Number.NaN);
    const first = await until('an age', async () => Number.isFinite(await age()) && [await age()]);
    await until('a later age', async () => (await age()) > first[0]! || Number.isNaN(await age()));
    assert.match((await page.locator('.truth').textContent()) ?? '', /version\s*\d+-\d+.*next change/);
  });

  test('ages follow the server’s clock on a machine whose clock is wrong', { timeout: 3 * SOON }, async () => {
    const org = stack.org();
    const context = await profile(browser);
    await context.addInitScript(() => {
      const right = Date.now;
      Date.now = () => right() + 3 * 3_600_000;
    });
    const page = await open(context, stack.url, org);
    await live(page);
    call(org, 'Hedy Lamarr');
    await row(page, 'Hedy Lamarr').waitFor();
    assert.match((await page.locator('.truth').textContent()) ?? '', /updated \d+(\.\d)? s ago/);
    assert.match((await row(page, 'Hedy Lamarr').textContent()) ?? '', /just now/);
    await state(page, 'fresh');
    await context.close();
  });

  it('rows do not move under the pointer, and values change in place', async (page, org) => {
    await live(page);
    await row(page, 'Contact 3').hover();
    const before = await order(page);
    call(org, 'Ada Lovelace', `update contacts set lead_score = 98 where org_id = '${org.id}' and name = 'Contact 5'`);
    await leads(page).getByRole('button', { name: '1 new' }).waitFor();
    await row(page, 'Contact 5').getByText('98').waitFor();
    assert.deepEqual(await order(page), before);
    assert.ok(await row(page, 'Contact 5').getAttribute('data-changed'));
    await page.mouse.move(2, 2);
    await row(page, 'Ada Lovelace').waitFor();
    assert.deepEqual((await order(page)).slice(0, 2), ['Ada Lovelace', 'Contact 5']);
  });

  it('a scrolled list announces new rows in a pill that shows them', async (page, org) => {
    await live(page);
    await leads(page).locator('.scroll').evaluate((list) => list.scrollTo(0, 300));
    call(org, 'Grace Hopper');
    const pill = leads(page).getByRole('button', { name: '1 new' });
    await pill.waitFor();
    assert.equal(await row(page, 'Grace Hopper').count(), 0);
    await pill.click();
    await row(page, 'Grace Hopper').waitFor();
  }, { contacts: 40 });

  it('updates can be paused and resume with everything missed', async (page, org) => {
    await live(page);
    const button = page.getByRole('button', { name: 'Pause updates' });
    await button.click();
    const version = await page.locator('main').getAttribute('data-version');
    call(org, 'Alan Turing');
    await page.getByText(/newer versions? waiting/).waitFor();
    assert.equal(await page.locator('main').getAttribute('data-version'), version);
    assert.equal(await row(page, 'Alan Turing').count(), 0);
    assert.equal(await button.getAttribute('aria-pressed'), 'true');
    await button.click();
    await row(page, 'Alan Turing').waitFor();
  });

  it('a lead falls from high to medium as time passes', async (page, org) => {
    await live(page);
    stack.sql(`update contacts set last_contact_at = now() - interval '24 hours' + interval '12 seconds' where org_id = '${org.id}' and name = 'Contact 6'`);
    await page.getByText('1 lead falls to medium').waitFor();
    await row(page, 'Contact 6').locator('.urgency.medium').waitFor();
  });

  it('a page that wakes up asks at once', async (page) => {
    await live(page);
    for (const wake of ['online', 'visibilitychange', 'pageshow']) {
      const asked = page.waitForRequest(/api\/analytics\/dashboard/);
      await page.evaluate((wake) => {
        const event = wake === 'pageshow' ? new PageTransitionEvent(wake, { persisted: true }) : new Event(wake);
        (wake === 'visibilitychange' ? document : window).dispatchEvent(event);
        if (wake === 'visibilitychange') window.dispatchEvent(new Event(wake));
      }, wake);
      await asked;
    }
  });

  test('seven tabs of a browser share one stream', { timeout: 4 * SOON }, async () => {
    const org = stack.org();
    const context = await profile(browser);
    let streams = 0;
    context.on('request', (request) => void (request.url().endsWith('/api/analytics/stream') && streams++));
    const pages: Page[] = [];
    for (let i = 0; i < 7; i++) pages.push(await open(context, stack.url, org));
    await Promise.all(pages.map(live));
    assert.equal(streams, 1);
    call(org, 'Barbara Liskov');
    await Promise.all(pages.map((page) => row(page, 'Barbara Liskov').waitFor()));
    // Another tab takes over when the one that reads the stream closes.
    await pages[0]!.close();
    call(org, 'Tony Hoare');
    await Promise.all(pages.slice(1).map((page) => row(page, 'Tony Hoare').waitFor()));
    assert.equal(streams, 2);
    await context.close();
  });

  test('the page polls while its stream is refused, and retries the stream', { timeout: 3 * SOON }, async () => {
    const org = stack.org();
    const context = await profile(browser);
    await context.route('**/api/analytics/stream', (route) => route.fulfill({ status: 503, json: { error: 'x' } }));
    const page = await open(context, stack.url, org);
    await page.locator('.lamp', { hasText: 'Asking every 15 s' }).waitFor();
    call(org, 'Radia Perlman');
    await row(page, 'Radia Perlman').waitFor();
    await context.unroute('**/api/analytics/stream');
    await live(page);
    await context.close();
  });

  it('a change costs a delta on the wire', async (page, org) => {
    await live(page);
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    for (const name of ['Contact 3', 'Contact 4', 'Contact 5']) {
      const answer = page.waitForResponse((response) => response.url().endsWith('/api/analytics/dashboard') && response.status() === 200);
      stack.sql(`update contacts set lead_score = lead_score + 1 where org_id = '${org.id}' and name = '${name}'`);
      await answer;
      await new Promise((resolve) => setTimeout(resolve, 1_500));
    }
    const bytes = await page.evaluate(() =>
      (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
        .filter(({ name }) => name.endsWith('/api/analytics/dashboard'))
        .map(({ encodedBodySize }) => encodedBodySize));
    const last = bytes.at(-1)!;
    assert.ok(last > 0 && last < 400 && last < bytes[0]! / 5, `bodies of ${bytes} bytes`);
  });

  it('the page counts its own requests and bytes', async (page) => {
    await live(page);
    await page.getByText('What looking costs').click();
    await page.getByText(/\d+ requests?, .*Polling the same panels every 30 s/).waitFor();
  });

  it('the title counts new hot leads while the page is hidden', async (page, org) => {
    await live(page);
    await page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
    });
    call(org, 'Katherine Johnson');
    await page.waitForFunction(() => document.title === '(1) Prewarm');
    await page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'visible' });
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    });
    await page.waitForFunction(() => document.title === 'Prewarm');
  });

  test('notifications are requested in a click and announce new hot leads while the page is hidden', { timeout: 3 * SOON }, async () => {
    const org = stack.org();
    const context = await profile(browser);
    // A headless browser has no notifications.
    await context.addInitScript(() => {
      const told: string[] = [];
      class Told {
        static permission = 'default';
        static requestPermission = async () => {
          told.push(navigator.userActivation.isActive ? 'asked in a click' : 'asked');
          return (Told.permission = 'granted');
        };
        constructor(title: string, { body, tag }: { body: string; tag: string }) {
          told.push(`${title}: ${body} (${tag.length})`);
        }
      }
      Object.assign(window, { told, Notification: Told });
    });
    const told = () => page.evaluate(() => (window as never as { told: string[] }).told);
    const page = await open(context, stack.url, org);
    await live(page);
    const bell = leads(page).getByRole('button', { name: 'Notify me of new hot leads' });
    assert.equal(await bell.getAttribute('aria-pressed'), 'false');
    assert.deepEqual(await told(), []);
    await bell.click();
    await page.waitForFunction(() => document.querySelector('.bell')?.getAttribute('aria-pressed') === 'true');
    call(org, 'Seen Lead');
    await page.mouse.move(2, 2);
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await row(page, 'Seen Lead').waitFor();
    await page.evaluate(() => Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' }));
    call(org, 'Mary Somerville');
    await until('a notification', async () => (await told()).length > 1);
    assert.deepEqual(await told(), ['asked in a click', 'New hot lead: Mary Somerville (36)']);
    assert.deepEqual(context.wrongs, []);
    await context.close();
  });
});
