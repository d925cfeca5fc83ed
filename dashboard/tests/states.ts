import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { profile, withMachine } from './browser.js';
import { type Given, nothing, NOW, full, TOKEN } from './given.js';

/** A state of the page and the steps that lead to it. */
export interface State {
  name: string;
  given?: Partial<Pick<Given, 'data' | 'status' | 'labels' | 'stream' | 'hangs' | 'agent' | 'reason'>>;
  query?: string;
  /** Signed out. */
  anonymous?: boolean;
  /** The steps that lead to the state. */
  then?: (page: Page, given: Given) => Promise<unknown>;
  /** Whether a picture of the state is kept and compared. */
  kept?: boolean;
}

const main = (page: Page, state: string) => page.locator(`main[data-state=${state}]`).waitFor();
const test = (page: Page) => page.getByRole('button', { name: 'Test agent' }).click();
const say = (page: Page, role: string, transcript: string) =>
  page.evaluate((message) => (window as never as { room: { said: (m: object) => void } }).room.said(message), { type: 'transcript', role, transcriptType: 'final', transcript });
const ask = (page: Page) => page.evaluate(() => dispatchEvent(new Event('online')));
const live = (page: Page) => page.locator('.lamp.live').waitFor();

export const STATES: State[] = [
  { name: 'live', then: live, kept: true },
  { name: 'loading', given: { hangs: true }, then: (page) => page.locator('.lamp.loading').waitFor() },
  { name: 'first-run', given: { data: nothing, agent: 404 }, then: (page) => page.getByText('No leads yet.').waitFor(), kept: true },
  { name: 'forbidden', given: { status: 403 }, then: (page) => page.getByText('You may not see this organisation').waitFor() },
  {
    name: 'error', kept: true,
    then: async (page, given) => {
      given.status = 503;
      await ask(page);
      await main(page, 'error');
    },
  },
  { name: 'offline', then: async (page) => (await page.context().setOffline(true), await main(page, 'offline')) },
  { name: 'stale', given: { labels: { 'prewarm-stale': 'deadline-passed' } }, then: (page) => page.locator('.lamp.stale').waitFor() },
  { name: 'polling', given: { stream: 'refused' }, then: (page) => page.getByText('Asking every 15 s').waitFor() },
  { name: 'paused', then: (page) => page.getByRole('button', { name: 'Pause updates' }).click() },
  { name: 'signed-out', anonymous: true, then: (page) => page.getByText('You are signed out').waitFor(), kept: true },
  {
    name: 'session-ended',
    then: async (page, given) => {
      given.status = 401;
      await ask(page);
      await main(page, 'signed-out');
    },
  },
  { name: 'past', query: '?version=1-4700', then: (page) => page.getByText('This is version 1-4700').waitFor() },
  { name: 'gone', query: '?version=1-1', then: (page) => page.getByText('That version is no longer available').waitFor() },
  {
    name: 'drawer', kept: true,
    then: async (page) => {
      await page.locator('.calls .open').first().click();
      await page.getByRole('dialog').getByText('Call id').waitFor();
    },
  },
  { name: 'nothing-found', query: '?q=nobody', then: (page) => page.getByText('No calls match.').waitFor() },
  {
    name: 'help',
    then: async (page) => {
      await page.mouse.move(3, 3);
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    },
  },
  {
    name: 'definition',
    then: async (page) => {
      await page.getByRole('button', { name: 'Booked after a call' }).focus();
      await page.getByRole('tooltip').filter({ hasText: 'Of all inbound calls' }).waitFor();
    },
  },
  {
    name: 'changed',
    then: async (page, given) => {
      await live(page);
      await page.locator('.leads tr[data-id] a').first().focus();
      given.data = () => {
        const data = full();
        const first = { ...data.leads.leads[1]!, id: '00000000-0000-4000-8000-0000000f0000', contact_name: 'Emmy Noether', lead_score: 99 };
        data.leads.leads.unshift(first);
        data.leads.leads.pop();
        data.leads.leads[3]!.lead_score = 96;
        data.pulse.calls_today++;
        return data;
      };
      given.labels = { 'prewarm-version': '1-4712' };
      await ask(page);
      await page.getByRole('button', { name: '1 new' }).waitFor();
    },
  },
  { name: 'call-ready', then: async (page) => (await test(page), await page.locator('.call[data-stage=ready]').waitFor()) },
  {
    name: 'call-speaking',
    then: async (page) => {
      await test(page);
      await page.locator('.call[data-stage=ready]').waitFor();
      await say(page, 'assistant', 'Clinic am Park, how can I help?');
      await say(page, 'user', 'I would like to have my teeth cleaned, and I have time on Thursday morning only.');
      await page.locator('.call[data-stage=speaking]').waitFor();
    },
  },
  {
    name: 'call-ended',
    then: async (page) => {
      await test(page);
      await page.locator('.call[data-stage=ready]').waitFor();
      await page.getByRole('button', { name: 'End call' }).click();
      await page.getByText('The microphone is off.').waitFor();
    },
  },
  { name: 'call-failed', given: { reason: 'Wallet Balance is -0.52.' }, then: async (page) => (await test(page), await page.getByText('no credit left').waitFor()) },
  { name: 'agent-unread', given: { agent: 503 }, then: (page) => page.getByText('The agent could not be read or saved.').waitFor() },
];

export const THEMES = ['light', 'dark'] as const;
export const SCREENS = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const;
export type Theme = (typeof THEMES)[number];
export type Screen = keyof typeof SCREENS;

const font = readFileSync(new URL('../node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2', import.meta.url)).toString('base64');
/** Pins the font and stops everything that moves. */
const STYLE = `
  @font-face { font-family: Pinned; font-weight: 100 900; src: url(data:font/woff2;base64,${font}) format('woff2'); }
  :root { --face: Pinned, sans-serif; }
  * { caret-color: transparent !important; }
  .meter i { transform: scaleX(0.6) !important; }`;

/** Opens the page in a state, on one screen and in one theme, and passes it to `look`. */
export const inState = async (
  browser: Browser, given: Given, state: State, screen: Screen, colorScheme: Theme, look: (page: Page) => Promise<void>,
): Promise<void> => {
  given.reset();
  Object.assign(given, state.given);
  const context = await profile(browser, {
    viewport: SCREENS[screen], colorScheme, reducedMotion: 'reduce', timezoneId: 'Europe/Berlin', bypassCSP: true, permissions: ['microphone'],
    isMobile: screen === 'phone', hasTouch: screen === 'phone',
  });
  try {
    await withMachine(context);
    await context.addInitScript((style) => addEventListener('DOMContentLoaded', () => (document.head.appendChild(document.createElement('style')).textContent = style)), STYLE);
    const page = await context.newPage();
    await page.clock.setFixedTime(NOW);
    await page.goto(`${given.url}/${state.query ?? ''}${state.anonymous ? '' : `#token=${TOKEN}`}`);
    await state.then?.(page, given);
    await page.evaluate(() => document.fonts.ready);
    await look(page);
  } finally {
    await context.close();
  }
};
