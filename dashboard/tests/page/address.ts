import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { calls, launch, leads, live, open, profile, violations } from '../browser.js';
import { SOON } from '../stack.js';
import { call, it, row, stack } from './fixture.js';

describe('the address', { concurrency: false }, () => {
  it('filters, page and drawer are in the address, and Back restores them', async (page) => {
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
    await calls(page).getByText('No calls match.').waitFor();
    await page.goBack();
    await page.waitForFunction(() => document.querySelectorAll('.calls tr[data-id]').length === 1);
  });

  test('Back restores the page with its scroll position, and live', { timeout: 4 * SOON }, async () => {
    const org = stack.org(40);
    // Playwright switches the back-forward cache off.
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
      // The stream is open again, too.
      call(org, 'Sofia Kovalevskaya');
      await row(page, 'Sofia Kovalevskaya').waitFor();
      assert.deepEqual(context.wrongs, []);
    } finally {
      await keeping.close();
    }
  });

  it('a link to a version shows it as it was, or says that it is gone', async (page, org) => {
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
    await page.getByText('That version is no longer available').waitFor();
    await page.getByRole('link', { name: 'Go to the newest' }).click();
    await row(page, 'Annie Easley').waitFor();
  });
});
