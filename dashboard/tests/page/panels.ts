import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { calls, leads, live, open, profile } from '../browser.js';
import { SOON } from '../stack.js';
import { browser, figure, it, row, stack, state } from './fixture.js';

describe('the panels', { concurrency: false }, () => {
  it('the first data shows every panel at one version and takes the token out of the address', async (page, org) => {
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
    assert.equal(new URL((await begun) ?? '').pathname, '/', 'the HTML starts the request, before any script has loaded');
  });

  it('a number shown in two places is the same in both', async (page) => {
    const legend = await page.locator('.legend').textContent();
    const total = /(\d+) inbound\s+(\d+) outbound/.exec(legend ?? '');
    assert.equal(Number(total![1]) + Number(total![2]), Number(await figure(page, 'total_calls')));
    const cells = await page.$$eval('.chart table tbody tr', (rows) => rows.map((row) => Number(row.children[1]?.textContent)));
    assert.equal(cells.reduce((a, b) => a + b, 0), Number(await figure(page, 'total_calls')));
    assert.equal(await leads(page).locator('.heat.hot').count(), Number(await figure(page, 'hot_leads_count')));
    assert.match((await calls(page).locator('.note').textContent()) ?? '', new RegExp(`^${await figure(page, 'total_calls')} calls`));
  });

  it('every number shows its definition on hover and on focus', async (page) => {
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

  it('a phone number can be dialled and is copied as it is stored', async (page) => {
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

  it('CSV files hold the rows on screen and no formulas', async (page, org) => {
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

  it('times are in the viewer’s zone, with the zone in the title and the instant in the markup', async (page) => {
    const time = leads(page).locator('time').first();
    assert.match((await time.getAttribute('title')) ?? '', /\d{2}:\d{2}:\d{2}.*(GMT|UTC|EST|JST)/);
    assert.ok(Date.parse((await time.getAttribute('datetime')) ?? ''));
    await page.getByText('by the hour, your time').waitFor();
    await page.getByRole('button', { name: 'Calls today' }).focus();
    await page.getByRole('tooltip').filter({ hasText: 'your organisation’s time zone' }).waitFor();
  }, { context: { timezoneId: 'Asia/Tokyo' } });

  it('the organisation’s zone is shown, and its time beside the viewer’s', async (page) => {
    await page.getByText('in Europe/Berlin').waitFor();
    assert.match((await page.locator('.pulse .note').innerText()) ?? '', /Clinic \d{2}:\d{2} in Europe\/Berlin/);
    assert.match((await leads(page).locator('time').first().getAttribute('title')) ?? '', /\(\d{2}:\d{2} in Europe\/Berlin\)/);
    assert.match((await page.locator('.tip', { hasText: 'Calls since midnight' }).textContent()) ?? '', /It is Europe\/Berlin\./);
  }, { context: { timezoneId: 'Asia/Tokyo' } });

  test('an empty list, an empty filter, a first run, a missing permission and a signed-out viewer read differently', { timeout: 3 * SOON }, async () => {
    const org = stack.org(0);
    stack.sql(`delete from agents where org_id = '${org.id}'`);
    const context = await profile(browser);
    const page = await open(context, stack.url, org);
    await page.getByText('No leads yet.').waitFor();
    await page.getByText('No calls yet.').waitFor();
    await page.getByText('Nothing has happened yet.').waitFor();
    await page.getByText('There is no such agent yet.').waitFor();
    await page.goto(`${stack.url}/?q=nobody`);
    await page.getByText('No calls match.').waitFor();
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
});
