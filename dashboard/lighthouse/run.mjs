// Lighthouse scores of the page, on a phone and a desktop, signed in and signed out: `npm run lighthouse`. Fails below 98.
import lighthouse, { desktopConfig } from 'lighthouse';
import * as launcher from 'chrome-launcher';
import { Stack } from '../tests/stack.ts';

const LEAST = 98;

const stack = await Stack.start();
const org = stack.org(50);
let worst = 100;
try {
  for (const [who, url] of [['signed in', `${stack.url}/#token=${org.token}`], ['signed out', stack.url]]) {
    for (const [screen, config] of [['phone', undefined], ['desktop', desktopConfig]]) {
      const chrome = await launcher.launch({
        chromePath: process.env.PREWARM_CHROMIUM ?? '/usr/bin/chromium',
        chromeFlags: ['--headless=new', '--no-sandbox', '--disable-gpu'],
      });
      const { lhr } = await lighthouse(url, { port: chrome.port, output: 'json', logLevel: 'error' }, config);
      await chrome.kill();
      const marks = Object.values(lhr.categories).map(({ title, score }) => [title, Math.round(score * 100)]);
      worst = Math.min(worst, ...marks.map(([, mark]) => mark));
      const { 'first-contentful-paint': fcp, 'largest-contentful-paint': lcp, 'cumulative-layout-shift': cls, 'total-blocking-time': tbt } = lhr.audits;
      console.log(`${who}, ${screen}: ${marks.map(([title, mark]) => `${title} ${mark}`).join(', ')} (FCP ${fcp.displayValue}, LCP ${lcp.displayValue}, TBT ${tbt.displayValue}, CLS ${cls.displayValue})`);
      for (const { id, title, score, details } of Object.values(lhr.audits)) {
        if (process.argv.includes('--faults') && score !== null && score < 0.9) console.log(`  ${id} ${score}: ${title}`, JSON.stringify(details?.items ?? '').slice(0, 300));
      }
    }
  }
} finally {
  await stack.stop();
}
process.exitCode = worst < LEAST ? 1 : 0;
