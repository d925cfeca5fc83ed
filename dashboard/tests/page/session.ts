import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { leads, live, open, profile } from '../browser.js';
import { SOON } from '../stack.js';
import { browser, call, it, row, stack, state } from './fixture.js';

describe('the session', { concurrency: false }, () => {
  test('an expired token signs out once, and the panels stay', { timeout: 3 * SOON }, async () => {
    const org = stack.org();
    const context = await profile(browser);
    // The server's leeway for clocks is thirty seconds.
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

  test('two orgs in two tabs of a browser see their own data', { timeout: 4 * SOON }, async () => {
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

  it('signing out leaves nothing behind', async (page) => {
    await live(page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out').waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.getItem('prewarm.token')), null);
    assert.deepEqual(await page.evaluate(() => caches.keys()), []);
    assert.equal(await page.getByText('Contact 1').count(), 0);
  });
});
