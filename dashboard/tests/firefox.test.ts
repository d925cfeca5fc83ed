import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import puppeteer, { type Browser } from 'puppeteer-core';
import { SOON, Stack, until } from './stack.js';

let stack: Stack;
let browser: Browser;

before(async () => {
  stack = await Stack.start();
  browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.PREWARM_FIREFOX ?? '/usr/bin/firefox-esr',
    headless: true,
    timeout: SOON,
    protocolTimeout: SOON,
  });
}, { timeout: 4 * SOON });

after(async () => {
  await browser?.close();
  await stack?.stop();
}, { timeout: SOON });

test('Firefox opens the page and follows a change through the stream, which two tabs share', { timeout: 4 * SOON }, async () => {
  const org = stack.org();
  const wrongs: string[] = [];
  const open = async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(SOON);
    page.on('pageerror', (error) => wrongs.push(String(error)));
    await page.goto(`${stack.url}/#token=${org.token}`);
    await page.waitForSelector('main[data-state=fresh]');
    await page.waitForSelector('.lamp.live');
    return page;
  };
  const pages = [await open(), await open()];
  const [page] = pages as [typeof pages[0] & object];
  assert.equal(new URL(page.url()).hash, '');
  assert.equal((await page.$$('.leads tr[data-id]')).length, 12);
  stack.sql(`insert into contacts (org_id, name, phone, lead_status, lead_score, last_contact_at) values ('${org.id}', 'Ada Lovelace', '+17770000001', 'new', 99, now())`);
  for (const each of pages) {
    // Not `waitForFunction`, which the page's content security policy keeps from making a function in Firefox.
    await until('Ada leads', () => each.$eval('.leads tr[data-id] .name', (name) => name.textContent === 'Ada Lovelace'));
    assert.match((await each.$eval('.truth', (truth) => truth.textContent)) ?? '', /Live.*updated \d+(\.\d)? s ago/);
  }
  await page.click('.agent .main');
  // Firefox has no fake microphone here, so the call reports a missing one.
  await page.waitForSelector('.call[data-stage=failed] [role=alert]');
  assert.deepEqual(wrongs, []);
});
