import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { calls, leads, live, open, profile } from '../browser.js';
import { SOON } from '../stack.js';
import { browser, call, it, row, stack, state } from './fixture.js';

describe('failures', { concurrency: false }, () => {
  it('a failed request keeps the old values and says so', async (page) => {
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

  it('an error names the request and offers to try again', async (page) => {
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

  it('an offline page shows the last data with its time, and recovers by itself', async (page) => {
    await live(page);
    await page.context().setOffline(true);
    await state(page, 'offline');
    await page.getByText(/You are offline\. What you see is of/).waitFor();
    assert.equal(await leads(page).locator('tr[data-id]').count(), 12);
    await page.context().setOffline(false);
    await state(page, 'fresh');
  });

  test('a page survives a killed api and continues once it is back', { timeout: 4 * SOON }, async () => {
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

  test('changes still arrive after Redis has died', { timeout: 4 * SOON }, async () => {
    const org = stack.org();
    const context = await profile(browser);
    const page = await open(context, stack.apiUrl, org);
    await live(page);
    stack.killRedis();
    call(org, 'Margaret Hamilton');
    await row(page, 'Margaret Hamilton').waitFor();
    await context.close();
  });
});
