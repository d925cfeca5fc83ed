import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { calls, launch, leads, live, open, order, profile, violations } from './browser.js';
import { type Org, SOON, Stack, until } from './stack.js';

let stack: Stack;
let browser: Browser;

before(async () => {
  stack = await Stack.start();
  browser = await launch();
  await stack.startApi();
}, { timeout: 4 * SOON });

after(async () => {
  await browser?.close();
  await stack?.stop();
}, { timeout: SOON });

const state = (page: Page, wanted: string) => page.waitForFunction((wanted) => document.querySelector('main')?.dataset.state === wanted, wanted, { timeout: SOON });
const figure = (page: Page, field: string) => page.locator(`[data-field=${field}]`).getAttribute('value');
const call = (org: Org, name: string, extra = '') =>
  stack.sql(`insert into contacts (org_id, name, phone, lead_status, lead_score, last_contact_at)
             values ('${org.id}', '${name}', '+1777' || (random() * 9999999)::int, 'new', 99, now()); ${extra}`);
const row = (page: Page, name: string) => leads(page).getByRole('row').filter({ hasText: name });
/** A test with a profile in which nothing goes wrong. */
const it = (name: string, body: (page: Page, org: Org) => Promise<void>, options: { query?: string; contacts?: number; context?: object } = {}) =>
  test(name, { timeout: 3 * SOON }, async () => {
    const org = stack.org(options.contacts);
    const context = await profile(browser, options.context);
    const page = await open(context, stack.url, org, options.query);
    try {
      await body(page, org);
      assert.deepEqual(context.wrongs, []);
    } catch (error) {
      if (process.env.PREWARM_TEST_SHOTS) await page.screenshot({ path: `${process.env.PREWARM_TEST_SHOTS}/${name.slice(0, 2).trim()}.png` }).catch(() => {});
      throw error;
    } finally {
      await context.close();
    }
  });

describe('what people expect of a live page', { concurrency: false }, () => {
  it('0 first data: all panels of one version, the token gone from the address', async (page, org) => {
    assert.equal(new URL(page.url()).hash, '');
    assert.equal(await page.evaluate(() => sessionStorage.getItem('prewarm.token')), org.token);
    assert.match((await page.locator('main').getAttribute('data-version')) ?? '', /^\d+-\d+$/);
    for (const name of ['Pulse', 'Leads', 'Recent activity', 'Calls', 'Agent']) {
      assert.equal(await page.getByRole('region', { name, exact: true }).count(), 1, name);
    }
    assert.equal(await leads(page).locator('tr[data-id]').count(), 12);
    assert.equal(await calls(page).locator('tr[data-id]').count(), 12);
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('.agent input[required]')?.value === 'Front desk');
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    const begun = new Promise<string | undefined>((resolve) =>
      session.on('Network.requestWillBeSent', ({ request, initiator }) => {
        if (request.url.endsWith('/api/analytics/dashboard')) resolve(initiator.stack?.callFrames[0]?.url);
      }),
    );
    await page.reload();
    assert.equal(new URL((await begun) ?? '').pathname, '/', 'the page itself asks, before any of its scripts is there');
  });

  it('1 the truth line says how old it is, by the server’s clock, and ticks', async (page) => {
    await live(page);
    const age = async () => Number(/updated ([\d.]+) s ago/.exec((await page.locator('.truth').textContent()) ?? '')?.[1] ?? Number.NaN);
    const first = await until('an age', async () => Number.isFinite(await age()) && [await age()]);
    await until('a later age', async () => (await age()) > first[0]! || Number.isNaN(await age()));
    assert.match((await page.locator('.truth').textContent()) ?? '', /version\s*\d+-\d+.*next change/);
  });

  it('2 a failure blanks nothing: old values stay, dimmed, and it says so', async (page) => {
    await live(page);
    await page.route('**/api/analytics/dashboard*', (route) => route.fulfill({ status: 503, headers: { 'x-request-id': 'abc-123' }, json: { error: 'Temporarily unavailable' } }));
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await state(page, 'error');
    assert.equal(await leads(page).locator('tr[data-id]').count(), 12);
    assert.ok(Number(await page.locator('.panels').evaluate((panels) => getComputedStyle(panels).opacity)) <= 1);
    await page.getByText('abc-123').waitFor();
    await page.unroute('**/api/analytics/dashboard*');
    await page.getByRole('button', { name: 'Try now' }).click();
    await state(page, 'fresh');
  });

  it('3 rows do not move under the pointer, and values change in place', async (page, org) => {
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

  it('4 when scrolled down, a pill says what is new, and shows it', async (page, org) => {
    await live(page);
    await leads(page).locator('.scroll').evaluate((list) => list.scrollTo(0, 300));
    call(org, 'Grace Hopper');
    const pill = leads(page).getByRole('button', { name: '1 new' });
    await pill.waitFor();
    assert.equal(await row(page, 'Grace Hopper').count(), 0);
    await pill.click();
    await row(page, 'Grace Hopper').waitFor();
  }, { contacts: 40 });

  it('5 updates can be paused, and go on with everything', async (page, org) => {
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

  it('6 7 one polite region that is there from the start, and tickers that are silent', async (page, org) => {
    await live(page);
    const region = page.locator('[aria-live=polite]');
    assert.equal(await region.count(), 1);
    assert.equal(await region.textContent(), '');
    assert.equal(await page.locator('.truth').getAttribute('aria-live'), 'off');
    call(org, 'Edsger Dijkstra');
    await page.waitForFunction(() => /New hot lead: Edsger Dijkstra/.test(document.querySelector('[aria-live=polite]')?.textContent ?? ''));
  });

  it('8 filters, page and drawer are in the address, and Back goes back', async (page) => {
    await calls(page).getByLabel('Search calls').fill('Contact 7');
    await page.waitForURL(/q=Contact\+7/);
    await page.waitForFunction(() => document.querySelectorAll('.calls tr[data-id]').length === 1);
    await calls(page).getByRole('link', { name: 'Contact 7' }).click();
    await page.waitForURL(/call=/);
    await page.getByRole('dialog').getByText('Wants a cleaning.').waitFor();
    await page.reload();
    await page.getByRole('dialog').getByText('Wants a cleaning.').waitFor();
    await page.goBack();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    assert.equal(await calls(page).getByLabel('Search calls').inputValue(), 'Contact 7');
    await calls(page).getByLabel('Status').selectOption('missed');
    await calls(page).getByText('No call is like that.').waitFor();
    await page.goBack();
    await page.waitForFunction(() => document.querySelectorAll('.calls tr[data-id]').length === 1);
  });

  it('9 10 the files hold what is on screen, and no formula', async (page, org) => {
    await live(page);
    stack.sql(`update contacts set name = '=HYPERLINK("http://evil","x")' where org_id = '${org.id}' and name = 'Contact 1'`);
    await row(page, '=HYPERLINK').waitFor();
    const download = async (region: ReturnType<typeof leads>) => {
      const [file] = await Promise.all([page.waitForEvent('download'), region.getByRole('button', { name: 'Download CSV' }).click()]);
      const { readFile } = await import('node:fs/promises');
      return readFile(await file.path(), 'utf8');
    };
    const text = await download(leads(page));
    assert.match(text, /"'=HYPERLINK\(""http:\/\/evil"",""x""\)"/);
    assert.match(text, /"'\+15550000002"/);
    assert.equal(text.trim().split('\r\n').length, 13);
    await calls(page).getByLabel('Search calls').fill('Contact 7');
    await page.waitForFunction(() => document.querySelectorAll('.calls tr[data-id]').length === 1);
    assert.equal((await download(calls(page))).trim().split('\r\n').length, 2);
  });

  it('11 12 times are the viewer’s, with the zone at hand, and exact instants in the markup', async (page) => {
    const time = leads(page).locator('time').first();
    assert.match((await time.getAttribute('title')) ?? '', /\d{2}:\d{2}:\d{2}.*(GMT|UTC|EST|JST)/);
    assert.ok(Date.parse((await time.getAttribute('datetime')) ?? ''));
    await page.getByText('by the hour, your time').waitFor();
    await page.getByRole('button', { name: 'Calls today' }).focus();
    await page.getByRole('tooltip').filter({ hasText: 'your organisation’s time zone' }).waitFor();
  }, { context: { timezoneId: 'Asia/Tokyo' } });

  it('11 the organisation’s zone is told, and its time beside the viewer’s', async (page) => {
    await page.getByText('in Europe/Berlin').waitFor();
    assert.match((await page.locator('.pulse .note').innerText()) ?? '', /Clinic \d{2}:\d{2} in Europe\/Berlin/);
    assert.match((await leads(page).locator('time').first().getAttribute('title')) ?? '', /\(\d{2}:\d{2} in Europe\/Berlin\)/);
    assert.match((await page.locator('.tip', { hasText: 'Calls since midnight' }).textContent()) ?? '', /It is Europe\/Berlin\./);
  }, { context: { timezoneId: 'Asia/Tokyo' } });

  test('12 ages are by the server’s clock, however wrong the machine’s is', { timeout: 3 * SOON }, async () => {
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

  it('13 on waking it asks at once', async (page) => {
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

  test('14 seven tabs of a browser share one stream, and all of them follow', { timeout: 4 * SOON }, async () => {
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
    // The one that reads goes: another takes over.
    await pages[0]!.close();
    call(org, 'Tony Hoare');
    await Promise.all(pages.slice(1).map((page) => row(page, 'Tony Hoare').waitFor()));
    assert.equal(streams, 2);
    await context.close();
  });

  test('15 a stream that is refused is asked for again, and polling does meanwhile', { timeout: 3 * SOON }, async () => {
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

  test('16 a token that ends signs out, once, and what was on screen stays', { timeout: 3 * SOON }, async () => {
    const org = stack.org();
    const context = await profile(browser);
    // The server allows thirty seconds for clocks that differ.
    const page = await open(context, stack.url, { ...org, token: stack.token(org.id, -10) });
    let refused = 0;
    page.on('response', (response) => void (response.status() === 401 && refused++));
    await page.getByText('Your session has ended').waitFor();
    await state(page, 'signed-out');
    assert.equal(await leads(page).locator('tr[data-id]').count(), 12);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    assert.ok(refused <= 2, `${refused} refusals`);
    await page.getByLabel('Access token').fill(org.token);
    await page.getByRole('button', { name: 'Open the dashboard' }).click();
    await state(page, 'fresh');
    await context.close();
  });

  it('17 every number that is shown twice is the same twice', async (page) => {
    const legend = await page.locator('.legend').textContent();
    const total = /(\d+) inbound\s+(\d+) outbound/.exec(legend ?? '');
    assert.equal(Number(total![1]) + Number(total![2]), Number(await figure(page, 'total_calls')));
    const cells = await page.$$eval('.chart table tbody tr', (rows) => rows.map((row) => Number(row.children[1]?.textContent)));
    assert.equal(cells.reduce((a, b) => a + b, 0), Number(await figure(page, 'total_calls')));
    assert.equal(await leads(page).locator('.heat.hot').count(), Number(await figure(page, 'hot_leads_count')));
    assert.match((await calls(page).locator('.note').textContent()) ?? '', new RegExp(`^${await figure(page, 'total_calls')} calls`));
  });

  it('18 a number is copied as it is stored, and called', async (page) => {
    const lead = row(page, 'Contact 2');
    assert.equal(await lead.locator('a[href^="tel:"]').getAttribute('href'), 'tel:+15550000002');
    assert.match((await lead.locator('a[href^="tel:"]').textContent()) ?? '', /\+1 555 000 0002/);
    await lead.getByRole('button', { name: /Copy the number/ }).click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '+15550000002');
    await lead.getByRole('button', { name: /Copy the e-mail address/ }).click();
    await page.getByText('Copied the e-mail address of Contact 2.').waitFor({ state: 'attached' });
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'c2@example.com');
    await calls(page).getByRole('link', { name: 'Contact 2' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Copy the call’s id' }).click();
    await page.getByText('Copied the call’s id.').waitFor({ state: 'attached' });
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^[0-9a-f-]{36}$/);
  }, { context: { permissions: ['clipboard-read', 'clipboard-write'] } });

  it('19 every number has its definition, on hover and on focus', async (page) => {
    const terms = page.getByRole('region', { name: 'Pulse' }).locator('.term');
    assert.equal(await terms.count(), 11);
    for (const term of await terms.all()) {
      await term.hover();
      const tip = term.getByRole('tooltip');
      await tip.waitFor();
      assert.ok(((await tip.textContent()) ?? '').length > 20);
    }
    await terms.first().getByRole('button').focus();
    await terms.first().getByRole('tooltip').waitFor();
    await page.keyboard.press('Escape');
    await terms.first().getByRole('tooltip').waitFor({ state: 'hidden' });
  });

  test('20 empty, filtered empty, first run, no permission and signed out are different sentences', { timeout: 3 * SOON }, async () => {
    const org = stack.org(0);
    stack.sql(`delete from agents where org_id = '${org.id}'`);
    const context = await profile(browser);
    const page = await open(context, stack.url, org);
    await page.getByText('No leads yet.').waitFor();
    await page.getByText('No calls yet.').waitFor();
    await page.getByText('Nothing has happened yet.').waitFor();
    await page.getByText('There is no such agent yet.').waitFor();
    await page.goto(`${stack.url}/?q=nobody`);
    await page.getByText('No call is like that.').waitFor();
    await context.route('**/api/analytics/dashboard*', (route) => route.fulfill({ status: 403, json: { error: 'Forbidden' } }));
    await page.goto(stack.url);
    await page.getByText('You may not see this organisation').waitFor();
    await page.evaluate(() => sessionStorage.clear());
    await page.goto(stack.url);
    await page.getByText('You are signed out').waitFor();
    await state(page, 'signed-out');
    await page.getByLabel('Access token').waitFor();
    await context.close();
  });

  it('21 offline: the last known, with its time, and back by itself', async (page) => {
    await live(page);
    await page.context().setOffline(true);
    await state(page, 'offline');
    await page.getByText(/You are offline\. What you see is of/).waitFor();
    assert.equal(await leads(page).locator('tr[data-id]').count(), 12);
    await page.context().setOffline(false);
    await state(page, 'fresh');
  });

  it('22 the keyboard: / j k Enter Esc ?, not while typing, and it can be switched off', async (page) => {
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    const focused = () => page.evaluate(() => document.activeElement?.closest('tr')?.querySelector('bdi')?.textContent);
    assert.equal(await focused(), 'Contact 2');
    await page.keyboard.press('k');
    assert.equal(await focused(), 'Contact 1');
    await page.keyboard.press('/');
    await page.keyboard.type('j?');
    assert.equal(await calls(page).getByLabel('Search calls').inputValue(), 'j?');
    await calls(page).getByText('No call is like that.').waitFor();
    await calls(page).getByLabel('Search calls').fill('');
    await page.waitForFunction(() => document.querySelectorAll('.calls tr[data-id]').length === 12);
    await calls(page).locator('tr[data-id]').nth(1).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('Wants a cleaning.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    assert.equal(await focused(), 'Contact 2');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).getByLabel('Single keys').uncheck();
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    assert.equal(await page.getByRole('dialog').count(), 0);
  });

  it('23 without motion a change is marked still; without colours there are words', async (page, org) => {
    await live(page);
    await page.emulateMedia({ reducedMotion: 'reduce', forcedColors: 'active' });
    stack.sql(`update contacts set lead_score = 97 where org_id = '${org.id}' and name = 'Contact 4'`);
    const changed = leads(page).locator('tr[data-changed]').first();
    await changed.waitFor();
    assert.equal(await changed.locator('td').first().evaluate((cell) => getComputedStyle(cell).animationName), 'none');
    assert.match((await changed.textContent()) ?? '', /hot/);
  });

  it('23 in forced colours every mark is a shape or a word', async (page, org) => {
    await page.emulateMedia({ forcedColors: 'active' });
    await live(page);
    for (const [name, word] of [['Contact 1', 'hot'], ['Contact 40', 'warm'], ['Contact 46', 'cold']] as const) {
      assert.match((await row(page, name).first().locator('.heat').textContent()) ?? '', new RegExp(word));
    }
    assert.ok(await row(page, 'Contact 1').first().locator('.heat .glyph').isVisible(), 'the hot ones have a flame');
    assert.match(await row(page, 'Contact 1').first().locator('.urgency').evaluate((mark) => getComputedStyle(mark, '::before').content), /!/);
    const edges = await page.$$eval('.panel, button:not(.term-word), input, select', (all) =>
      all.filter((one) => one.checkVisibility() && getComputedStyle(one).borderTopWidth === '0px').map((one) => one.outerHTML.slice(0, 90)));
    assert.deepEqual(edges, [], 'what is a panel or can be pressed has an edge');
    stack.sql(`update contacts set lead_score = lead_score + 1 where org_id = '${org.id}' and name = 'Contact 4'`);
    const cell = leads(page).locator('tr[data-changed] > :first-child').first();
    await cell.waitFor();
    assert.equal(await cell.evaluate((cell) => getComputedStyle(cell).borderInlineStartWidth), '3px');
  }, { contacts: 50 });

  it('24 on paper: all leads, no controls, and of when it is', async (page) => {
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.getByRole('button', { name: 'Download CSV' }).count(), 0);
    assert.match((await page.locator('.printed').innerText()) ?? '', /As of .*version \d+-\d+/);
    assert.equal(await leads(page).locator('.scroll').evaluate((list) => list.scrollHeight <= list.clientHeight + 1), true);
  }, { contacts: 50 });

  it('25 the title counts new hot leads while nobody looks', async (page, org) => {
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

  test('25 notifications are asked for in a click only, and tell of new hot leads while nobody looks', { timeout: 3 * SOON }, async () => {
    const org = stack.org();
    const context = await profile(browser);
    // A browser without a screen has no notifications of its own.
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

  test('26 Back brings the page as it was left, where it was scrolled to, and live', { timeout: 4 * SOON }, async () => {
    const org = stack.org(40);
    // Playwright forbids what is tested here.
    const keeping = await launch(['--enable-features=BackForwardCache'], ['--disable-back-forward-cache']);
    try {
      const context = await profile(keeping, { viewport: { width: 800, height: 600 } });
      const page = await open(context, stack.url, org);
      await live(page);
      await page.evaluate(() => {
        Object.assign(window, { came: 0, same: true });
        addEventListener('pageshow', (event) => event.persisted && (window as never as { came: number }).came++);
        scrollTo(0, 700);
      });
      await page.waitForFunction(() => scrollY === 700);
      await page.goto(`${stack.url}/robots.txt`);
      call(org, 'Emmy Noether');
      await page.evaluate(() => history.back()).catch(() => {});
      await page.waitForFunction(() => (window as never as { came?: number }).came === 1);
      assert.equal(await page.evaluate(() => scrollY), 700);
      await live(page);
      await leads(page).getByRole('button', { name: '1 new' }).waitFor({ state: 'attached' });
      await page.evaluate(() => scrollTo(0, 0));
      await row(page, 'Emmy Noether').waitFor();
      // And what comes then comes by the stream.
      call(org, 'Sofia Kovalevskaya');
      await row(page, 'Sofia Kovalevskaya').waitFor();
      assert.deepEqual(context.wrongs, []);
    } finally {
      await keeping.close();
    }
  });

  it('27 an error names what to do and the request', async (page) => {
    await page.route('**/api/calls-dashboard*', (route) => route.fulfill({ status: 503, headers: { 'x-request-id': 'req-9' }, json: { error: 'x' } }));
    await calls(page).getByLabel('Status').selectOption('failed');
    const trouble = calls(page).getByRole('alert');
    await trouble.getByText('req-9').waitFor();
    assert.equal(await leads(page).locator('tr[data-id]').count(), 12);
    await state(page, 'fresh');
    await page.unroute('**/api/calls-dashboard*');
    await trouble.getByRole('button', { name: 'Try again' }).click();
    await trouble.waitFor({ state: 'hidden' });
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`28 at 320 pixels nothing is sideways, targets are large, and axe finds nothing: ${colorScheme}`, async (page, org) => {
      stack.sql(`update contacts set name = 'مريم بنت عبد الله ${'x'.repeat(80)}' where org_id = '${org.id}' and name = 'Contact 1'`);
      await live(page);
      await row(page, 'مريم').waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
      const small = await page.$$eval('button:not(.term-word), select, input:not([type=checkbox])', (all) =>
        all.filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44).map((one) => one.outerHTML.slice(0, 90)));
      assert.deepEqual(small, []);
      assert.deepEqual(await violations(page), []);
      await page.setViewportSize({ width: 1440, height: 900 });
      assert.deepEqual(await violations(page), []);
      await calls(page).getByRole('link', { name: 'Contact 2' }).click();
      await page.getByRole('dialog').getByText('Wants a cleaning.').waitFor();
      assert.deepEqual(await violations(page), []);
      await page.evaluate(() => sessionStorage.clear());
      await page.goto(stack.url);
      await page.getByText('You are signed out').waitFor();
      assert.deepEqual(await violations(page), []);
    }, { context: { colorScheme, viewport: { width: 320, height: 640 } } });
  }

  it('nothing moves when a failure comes and goes, whatever the names are', async (page, org) => {
    stack.sql(`update contacts set name = (array['מרים', repeat('Wolfeschlegelsteinhausen', 20), '🦷🦷 Zoë', 'مريم بنت عبد الله', ''])[1 + lead_score % 5],
               service_interests = array[repeat('Cleaning and ', 200)] where org_id = '${org.id}' and lead_score > 0`);
    await live(page);
    await leads(page).locator('.name', { hasText: 'Wolfeschlegel' }).first().waitFor();
    const places = () => page.$$eval('.panel, .leads tr[data-id], .calls tr[data-id], .agent form', (all) =>
      all.map((one) => [one.getBoundingClientRect().top, one.getBoundingClientRect().left, one.getBoundingClientRect().height].map(Math.round).join()));
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('.agent input[required]')?.value);
    await page.mouse.move(300, 500);
    await until('the panels are as they stay', async () => {
      const before = await places();
      await page.waitForTimeout(500);
      return JSON.stringify(before) === JSON.stringify(await places());
    });
    const before = await places();
    await page.route('**/api/analytics/dashboard*', (route) => route.fulfill({ status: 503, json: { error: 'x' } }));
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await state(page, 'error');
    assert.deepEqual(await places(), before);
    await page.unroute('**/api/analytics/dashboard*');
    await page.context().setOffline(true);
    await state(page, 'offline');
    assert.deepEqual(await places(), before);
    await page.context().setOffline(false);
    await state(page, 'fresh');
    assert.deepEqual(await places(), before);
  }, { contacts: 90 });

  it('nothing shifts, from the first byte until it is live', async (page) => {
    await page.addInitScript(() => {
      Object.assign(window, { shift: 0 });
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => ((window as never as { shift: number }).shift += (entry as never as { value: number }).value)))
        .observe({ type: 'layout-shift', buffered: true });
    });
    await page.goto(stack.url);
    await live(page);
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('.agent input[required]')?.value);
    assert.ok((await page.evaluate(() => (window as never as { shift: number }).shift)) < 0.001);
  });
});

describe('what goes wrong around it', { concurrency: false }, () => {
  test('Redis dies: changes come all the same', { timeout: 4 * SOON }, async () => {
    const org = stack.org();
    const context = await profile(browser);
    const page = await open(context, stack.apiUrl, org);
    await live(page);
    stack.killRedis();
    call(org, 'Margaret Hamilton');
    await row(page, 'Margaret Hamilton').waitFor();
    await context.close();
  });

  test('the api is killed and comes back: the page says so, keeps what it had, and goes on', { timeout: 4 * SOON }, async () => {
    const org = stack.org();
    const context = await profile(browser);
    const page = await open(context, stack.apiUrl, org);
    await live(page);
    await stack.killApi();
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await state(page, 'offline');
    assert.equal(await leads(page).locator('tr[data-id]').count(), 12);
    call(org, 'Mary Jackson');
    await stack.startApi();
    await row(page, 'Mary Jackson').waitFor();
    await live(page);
    await state(page, 'fresh');
    await context.close();
  });

  test('two orgs in two tabs of a browser see their own', { timeout: 4 * SOON }, async () => {
    const [one, other] = [stack.org(), stack.org(5)];
    const context = await profile(browser);
    const pages = [await open(context, stack.url, one), await open(context, stack.url, other)] as const;
    await Promise.all(pages.map(live));
    assert.deepEqual(await Promise.all(pages.map((page) => leads(page).locator('tr[data-id]').count())), [12, 5]);
    call(other, 'Dorothy Vaughan');
    await row(pages[1], 'Dorothy Vaughan').waitFor();
    await pages[0].reload();
    await live(pages[0]);
    assert.equal(await leads(pages[0]).locator('tr[data-id]').count(), 12);
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

  it('by time alone a lead falls from high to medium', async (page, org) => {
    await live(page);
    stack.sql(`update contacts set last_contact_at = now() - interval '24 hours' + interval '12 seconds' where org_id = '${org.id}' and name = 'Contact 6'`);
    await page.getByText('1 lead falls to medium').waitFor();
    await row(page, 'Contact 6').locator('.urgency.medium').waitFor();
  });

  it('a version can be looked at as it was, and says when it is gone', async (page, org) => {
    await live(page);
    const version = await page.locator('main').getAttribute('data-version');
    call(org, 'Annie Easley');
    await row(page, 'Annie Easley').waitFor();
    await page.goto(`${stack.url}/?version=${version}`);
    await page.getByText(`This is version ${version}, as it was.`).waitFor();
    assert.equal(await page.locator('main').getAttribute('data-version'), version);
    assert.equal(await leads(page).locator('tr[data-id]').count(), 12);
    assert.deepEqual(await violations(page), []);
    await page.goto(`${stack.url}/?version=1-999999`);
    await page.getByText('That version is kept no longer').waitFor();
    await page.getByRole('link', { name: 'Go to the newest' }).click();
    await row(page, 'Annie Easley').waitFor();
  });

  it('signing out leaves nothing behind', async (page) => {
    await live(page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out').waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.getItem('prewarm.token')), null);
    assert.deepEqual(await page.evaluate(() => caches.keys()), []);
    assert.equal(await page.getByText('Contact 1').count(), 0);
  });

  it('what looking costs is counted', async (page) => {
    await live(page);
    await page.getByText('What looking costs').click();
    await page.getByText(/\d+ requests?, .*Polling the same panels every 30 s/).waitFor();
  });
});
