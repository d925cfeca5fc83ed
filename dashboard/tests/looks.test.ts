import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import pixelmatch from 'pixelmatch';
import type { Browser } from 'playwright-core';
import { PNG } from 'pngjs';
import { launch, violations } from './browser.js';
import { Given } from './given.js';
import { inState, type Screen, SCREENS, STATES, THEMES } from './states.js';
import { SOON } from './stack.js';

const KEPT = new URL('./looks/', import.meta.url).pathname;
/** The tolerated share of different pixels: text rendering varies between browser releases. */
const TOLERANCE = 0.02;

let given: Given;
let browser: Browser;

before(async () => {
  given = await new Given().listen();
  browser = await launch(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']);
}, { timeout: SOON });

after(async () => {
  await browser?.close();
  given?.stop();
}, { timeout: SOON });

/** Compares with the kept picture and writes a difference beside it. `PREWARM_UPDATE=1` renews the picture. */
const compare = (name: string, shot: Buffer): void => {
  const path = `${KEPT}${name}.png`;
  if (process.env.PREWARM_UPDATE) {
    mkdirSync(KEPT, { recursive: true });
    writeFileSync(path, shot);
    return;
  }
  assert.ok(existsSync(path), `${name}: there is no picture to compare with; PREWARM_UPDATE=1 keeps it as it is now`);
  const [was, is] = [PNG.sync.read(readFileSync(path)), PNG.sync.read(shot)];
  assert.deepEqual([is.width, is.height], [was.width, was.height], name);
  const { width, height } = is;
  const seen = new PNG({ width, height });
  const share = pixelmatch(was.data, is.data, seen.data, width, height, { threshold: 0.2 }) / (width * height);
  if (share > TOLERANCE) writeFileSync(`${KEPT}${name}.differs.png`, PNG.sync.write(seen));
  assert.ok(share <= TOLERANCE, `${name}: ${(share * 100).toFixed(1)} % of the picture differs; PREWARM_UPDATE=1 keeps it as it is now`);
};

describe('the look of every state', { concurrency: false }, () => {
  for (const state of STATES) {
    test(`${state.name}: light and dark, on a desktop and on a phone, without violations found by axe`, { timeout: 4 * SOON }, async () => {
      for (const screen of Object.keys(SCREENS) as Screen[]) {
        for (const theme of THEMES) {
          await inState(browser, given, state, screen, theme, async (page) => {
            if (state.kept) {
              await page.evaluate(() => scrollTo(0, 0));
              compare(`${state.name}-${screen}-${theme}`, await page.screenshot());
            }
            // A phone only arranges the same parts differently, so some states are enough.
            if (screen === 'desktop' || state.kept) assert.deepEqual(await violations(page), [], `${state.name} ${screen} ${theme}`);
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'nothing is sideways');
          });
        }
      }
    });
  }
});
