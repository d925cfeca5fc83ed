import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launch, leads, open, profile } from '../browser.js';
import { type Org, SOON, Stack } from '../stack.js';

/** One stack and one browser for every test of the page. */
export let stack: Stack;
export let browser: Browser;

before(async () => {
  stack = await Stack.start();
  browser = await launch();
  await stack.startApi();
}, { timeout: 4 * SOON });

after(async () => {
  await browser?.close();
  await stack?.stop();
}, { timeout: SOON });

export const state = (page: Page, wanted: string) => page.waitForFunction((wanted) => document.querySelector('main')?.dataset.state === wanted, wanted, { timeout: SOON });
export const figure = (page: Page, field: string) => page.locator(`[data-field=${field}]`).getAttribute('value');
export const row = (page: Page, name: string) => leads(page).getByRole('row').filter({ hasText: name });

/** A new hot lead, as a call would leave it. */
export const call = (org: Org, name: string, extra = '') =>
  stack.sql(`insert into contacts (org_id, name, phone, lead_status, lead_score, last_contact_at)
             values ('${org.id}', '${name}', '+1777' || (random() * 9999999)::int, 'new', 99, now()); ${extra}`);

/** A test on the page of a new org. Errors of its scripts fail it. */
export const it = (name: string, body: (page: Page, org: Org) => Promise<void>, options: { query?: string; contacts?: number; context?: object } = {}) =>
  test(name, { timeout: 3 * SOON }, async () => {
    const org = stack.org(options.contacts);
    const context = await profile(browser, options.context);
    const page = await open(context, stack.url, org, options.query);
    try {
      await body(page, org);
      assert.deepEqual(context.wrongs, []);
    } catch (error) {
      const shots = process.env.PREWARM_TEST_SHOTS;
      if (shots) await page.screenshot({ path: `${shots}/${name.replace(/\W+/g, '-')}.png` }).catch(() => {});
      throw error;
    } finally {
      await context.close();
    }
  });
