// Pictures of every state, light and dark, on a desktop and on a phone: `npm run screenshots -- DIRECTORY [STATE…]`.
import { mkdirSync } from 'node:fs';
import { launch } from './browser.js';
import { Given } from './given.js';
import { inState, type Screen, SCREENS, STATES, THEMES } from './states.js';

const [directory = 'screenshots/all', ...names] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });
const given = await new Given().listen();
const browser = await launch(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']);
try {
  for (const state of STATES.filter(({ name }) => !names.length || names.includes(name))) {
    for (const screen of Object.keys(SCREENS) as Screen[]) {
      for (const theme of THEMES) {
        await inState(browser, given, state, screen, theme, async (page) => {
          await page.evaluate(() => scrollTo(0, 0));
          await page.screenshot({ path: `${directory}/${state.name}-${screen}-${theme}.png`, fullPage: true });
        }).catch((error) => console.error(`${state.name} ${screen} ${theme}: ${error}`));
      }
    }
  }
} finally {
  await browser.close();
  given.stop();
}
