// README's pictures, of the demo that runs: `npm run readme -- http://127.0.0.1:8080/#token=…`, as `make run` prints it.
import { launch, live, profile } from './browser.js';

const link = process.argv[2];
if (!link) throw new Error('which link? `make run` prints one for each org');

const PICTURES = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1440, height: 900 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1440, height: 900 } },
  { name: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
] as const;

const browser = await launch();
try {
  for (const { name, ...screen } of PICTURES) {
    const context = await profile(browser, screen);
    const page = await context.newPage();
    await page.goto(link);
    await live(page);
    await page.screenshot({ path: `screenshots/${name}.png` });
    await context.close();
  }
} finally {
  await browser.close();
}
