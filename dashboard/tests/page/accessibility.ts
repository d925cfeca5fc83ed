import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { calls, leads, live, violations } from '../browser.js';
import { until } from '../stack.js';
import { call, it, row, stack, state } from './fixture.js';

describe('accessibility', { concurrency: false }, () => {
  it('one polite live region exists from the start, and tickers are silent', async (page, org) => {
    await live(page);
    const region = page.locator('[aria-live=polite]');
    assert.equal(await region.count(), 1);
    assert.equal(await region.textContent(), '');
    assert.equal(await page.locator('.truth').getAttribute('aria-live'), 'off');
    call(org, 'Edsger Dijkstra');
    await page.waitForFunction(() => /New hot lead: Edsger Dijkstra/.test(document.querySelector('[aria-live=polite]')?.textContent ?? ''));
  });

  it('single keys work outside of fields and can be switched off', async (page) => {
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    // The first key loads the script that moves the focus.
    const focused = (name: string) =>
      page.waitForFunction((name) => document.activeElement?.closest('tr')?.querySelector('bdi')?.textContent === name, name);
    await focused('Contact 2');
    await page.keyboard.press('k');
    await focused('Contact 1');
    await page.keyboard.press('/');
    await page.keyboard.type('j?');
    assert.equal(await calls(page).getByLabel('Search calls').inputValue(), 'j?');
    await calls(page).getByText('No calls match.').waitFor();
    await calls(page).getByLabel('Search calls').fill('');
    await page.waitForFunction(() => document.querySelectorAll('.calls tr[data-id]').length === 12);
    await calls(page).locator('tr[data-id]').nth(1).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('Wants a cleaning.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await focused('Contact 2');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).getByLabel('Single keys').uncheck();
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    assert.equal(await page.getByRole('dialog').count(), 0);
  });

  it('a change is marked without motion and without colours', async (page, org) => {
    await live(page);
    await page.emulateMedia({ reducedMotion: 'reduce', forcedColors: 'active' });
    stack.sql(`update contacts set lead_score = 97 where org_id = '${org.id}' and name = 'Contact 4'`);
    const changed = leads(page).locator('tr[data-changed]').first();
    await changed.waitFor();
    assert.equal(await changed.locator('td').first().evaluate((cell) => getComputedStyle(cell).animationName), 'none');
    assert.match((await changed.textContent()) ?? '', /hot/);
  });

  it('every mark is a shape or a word in forced colours', async (page, org) => {
    await page.emulateMedia({ forcedColors: 'active' });
    await live(page);
    for (const [name, word] of [['Contact 1', 'hot'], ['Contact 40', 'warm'], ['Contact 46', 'cold']] as const) {
      assert.match((await row(page, name).first().locator('.heat').textContent()) ?? '', new RegExp(word));
    }
    assert.ok(await row(page, 'Contact 1').first().locator('.heat .glyph').isVisible(), 'a hot lead has a flame');
    assert.match(await row(page, 'Contact 1').first().locator('.urgency').evaluate((mark) => getComputedStyle(mark, '::before').content), /!/);
    const edges = await page.$$eval('.panel, button:not(.term-word), input, select', (all) =>
      all.filter((one) => one.checkVisibility() && getComputedStyle(one).borderTopWidth === '0px').map((one) => one.outerHTML.slice(0, 90)));
    assert.deepEqual(edges, [], 'every panel and every control has an edge');
    stack.sql(`update contacts set lead_score = lead_score + 1 where org_id = '${org.id}' and name = 'Contact 4'`);
    const cell = leads(page).locator('tr[data-changed] > :first-child').first();
    await cell.waitFor();
    assert.equal(await cell.evaluate((cell) => getComputedStyle(cell).borderInlineStartWidth), '3px');
  }, { contacts: 50 });

  it('a printed page has every lead, no controls and its time', async (page) => {
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.getByRole('button', { name: 'Download CSV' }).count(), 0);
    assert.match((await page.locator('.printed').innerText()) ?? '', /As of .*version \d+-\d+/);
    assert.equal(await leads(page).locator('.scroll').evaluate((list) => list.scrollHeight <= list.clientHeight + 1), true);
  }, { contacts: 50 });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`at 320 pixels nothing scrolls sideways, targets are large and axe finds nothing: ${colorScheme}`, async (page, org) => {
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

  it('nothing moves when a failure comes and goes, with names of any length and script', async (page, org) => {
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

  it('nothing shifts from the first byte until the page is live', async (page) => {
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
