/** The client's hooks in a page of another application, under each supported framework. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { launch, profile } from './browser.js';
import { type Org, SOON, Stack, until } from './stack.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The folders of each framework's packages. */
const FRAMEWORKS = {
  'React 18': { hooks: 'react', jsx: 'react', modules: './react-18/node_modules/' },
  'React 19': { hooks: 'react', jsx: 'react', modules: '../node_modules/' },
  Preact: { hooks: 'preact', jsx: 'preact', modules: '../node_modules/' },
};
type Framework = (typeof FRAMEWORKS)[keyof typeof FRAMEWORKS];

const bundle = async ({ hooks, jsx, modules }: Framework): Promise<string> => {
  const built = await rolldown({
    input: here('./hooks/page.tsx'),
    platform: 'browser',
    // The paths are those of React's packages.
    tsconfig: false,
    // The 'use client' directive only matters to servers that render React.
    checks: { moduleLevelDirective: false },
    resolve: {
      alias: {
        'prewarm-client/react': here(`../client/src/${hooks}.ts`),
        'prewarm-client': here('../client/src/index.ts'),
        framework: here(`./hooks/${jsx}.tsx`),
        'react-dom': here(`${modules}react-dom`),
        react: here(`${modules}react`),
      },
    },
    transform: { jsx: { runtime: 'automatic', importSource: jsx }, define: { 'process.env.NODE_ENV': '"development"' } },
  });
  const { output } = await built.generate({ format: 'iife' });
  return output[0].code;
};

let stack: Stack;
let browser: Browser;
before(async () => {
  stack = await Stack.start();
  browser = await launch();
});
after(async () => {
  await browser.close();
  await stack.stop();
});

/** Serves the page beside the API, with a back-end route that forwards a webhook. */
const open = async (org: Org, script: string): Promise<Page> => {
  const context = await profile(browser);
  await context.addInitScript((token) => location.protocol === 'http:' && sessionStorage.setItem('token', token), org.token);
  const page = await context.newPage();
  await page.route('**/theirs', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><meta charset="utf-8"><div id="root"></div><script src="/theirs.js"></script>' }),
  );
  await page.route('**/theirs.js', (route) => route.fulfill({ contentType: 'text/javascript', body: script }));
  await page.route('**/book', async (route) => {
    const assistantId = stack.sql(`select vapi_assistant_id from agents where org_id = '${org.id}'`);
    const call = { id: randomUUID(), type: 'inboundPhoneCall', assistantId, customer: { number: '+15550000001' } };
    const told = await stack.webhook({ type: 'end-of-call-report', call, endedReason: 'customer-ended-call', durationSeconds: 61 });
    await route.fulfill({ json: { booked: true, receipt: ((await told.json()) as { receipt: string }).receipt } });
  });
  await page.goto(`${stack.url}/theirs`);
  return page;
};

const text = (page: Page, id: string): Promise<string | null> => page.locator(`#${id}`).textContent();
const is = (page: Page, id: string, wanted: string) =>
  page.waitForFunction(([id, wanted]) => document.getElementById(id!)?.textContent === wanted, [id, wanted]);

for (const [name, framework] of Object.entries(FRAMEWORKS)) {
  test(`${name}: data is live, a write resolves when it is visible, and an unmounted page ends the stream`, { timeout: 4 * SOON }, async () => {
    const org = stack.org(5);
    await until('the assistant', async () => stack.sql(`select vapi_assistant_id from agents where org_id = '${org.id}'`));
    await until('nothing is owed', async () => stack.sql('select not exists (select from prewarm.marks)') === 't');
    const page = await open(org, await bundle(framework));

    // The example and the hooks show the same data. Each of the two clients reads once, and again if a new version overtakes it.
    await page.getByRole('heading', { name: '5 calls' }).waitFor();
    await page.getByText('Contact 1 (hot)').waitFor();
    assert.equal(await text(page, 'total'), '5');
    await is(page, 'way', 'stream');
    const asked = await page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/api/analytics/dashboard')).length);
    assert.ok(asked <= 4, `asked ${asked} times`);

    // A change by plain SQL appears without an action of the page.
    stack.sql(`insert into calls (org_id, phone_number, status, duration_seconds) values ('${org.id}', '+15550000002', 'completed', 3)`);
    await is(page, 'total', '6');
    await page.getByRole('heading', { name: '6 calls' }).waitFor();

    // After a write with a receipt returns, the data on screen includes it.
    await page.locator('#book').click();
    await page.waitForFunction(() => document.body.dataset.booked);
    assert.equal(await page.evaluate(() => document.body.dataset.booked), 'true 7');
    await is(page, 'total', '7');

    // After a write without a receipt, the written path is read again.
    await is(page, 'greeting', 'Hello?');
    await page.locator('#save').click();
    await page.waitForFunction(() => document.body.dataset.saved);
    assert.equal(await page.evaluate(() => document.body.dataset.saved), 'true');
    assert.equal(await text(page, 'greeting'), 'Good morning!');

    // A refused write says why, and the data on screen stays.
    await page.unroute('**/book');
    await page.route('**/book', (route) => route.fulfill({ status: 409, json: { error: 'That hour is taken' } }));
    await page.locator('#book').click();
    await is(page, 'refused', 'refused: That hour is taken');
    assert.equal(await text(page, 'total'), '7');
    assert.ok(await page.locator('#book').isEnabled());

    // A page that unmounts closes its stream.
    await page.evaluate(() => (window as never as { unmount: () => void }).unmount());
    await page.waitForFunction(() => (window as never as { client: { way: string } }).client.way === 'stopped');
    assert.deepEqual((page.context() as never as { wrongs: string[] }).wrongs, []);
    await page.context().close();
  });
}
