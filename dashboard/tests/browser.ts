import { readFileSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { type Org, SOON } from './stack.js';

const axeSource = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const machine = readFileSync(new URL('./call-machine.js', import.meta.url), 'utf8');

/** `--use-fake-device-for-media-stream` adds a microphone, `--use-fake-ui-for-media-stream` grants its permission. */
export const launch = (args: string[] = [], without: string[] = []): Promise<Browser> =>
  chromium.launch({
    ignoreDefaultArgs: without,
    executablePath: process.env.PREWARM_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', ...args],
  });

type ContextOptions = Parameters<Browser['newContext']>[0];

/** A new profile. Errors of its pages are collected in `wrongs`. */
export const profile = async (browser: Browser, options: ContextOptions = {}): Promise<BrowserContext & { wrongs: string[] }> => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', ...options });
  context.setDefaultTimeout(SOON);
  const wrongs: string[] = [];
  context.on('weberror', (error) => wrongs.push(String(error.error())));
  context.on('console', (message) => {
    if (/Content Security Policy/.test(message.text()) && !/sentry/.test(message.text())) wrongs.push(message.text());
  });
  return Object.assign(context, { wrongs });
};

/** Opens the page of an org in a new tab and waits for its data. */
export const open = async (context: BrowserContext, url: string, org: Org, query = ''): Promise<Page> =>
  openIn(await context.newPage(), url, org, query);

/** Opens the page of an org in an existing tab. */
export const openIn = async (page: Page, url: string, org: Org, query = ''): Promise<Page> => {
  await page.goto(`${url}/${query}#token=${org.token}`);
  await page.waitForFunction(() => performance.getEntriesByName('prewarm:data').length > 0);
  return page;
};

export const live = (page: Page): Promise<unknown> => page.locator('.lamp.live').waitFor();
export const leads = (page: Page) => page.getByRole('region', { name: 'Leads' });
export const calls = (page: Page) => page.getByRole('region', { name: 'Calls' });
export const order = (page: Page): Promise<string[]> =>
  page.$$eval('.leads tr[data-id] .name', (names) => names.map((name) => name.textContent ?? ''));

/** The violations that axe finds, one text each. */
export const violations = async (page: Page): Promise<string[]> => {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: (what: Document, how: object) => Promise<{ violations: Violation[] }> } };
    type Violation = { id: string; help: string; nodes: { html: string; failureSummary: string }[] };
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const found = await axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)} ${nodes[0]?.failureSummary.slice(0, 240)}`);
  });
};

/** Serves a local replacement for the script that the real SDK loads from Daily. */
export const withMachine = (context: BrowserContext): Promise<unknown> =>
  context.route('https://c.daily.co/**', (route) => route.fulfill({ contentType: 'text/javascript', body: machine }));
