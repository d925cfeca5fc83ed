// What the page costs, on this machine, now: `npm run figures`.
import { launch, live, open, profile } from './browser.js';
import { Stack } from './stack.js';

const ROUNDS = 7;
const CHANGES = 40;

const at = (sorted: number[], share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
const sort = (numbers: number[]) => numbers.toSorted((a, b) => a - b);

const stack = await Stack.start();
const browser = await launch();
const org = stack.org(50);
try {
  const cold: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const context = await profile(browser);
    const page = await open(context, stack.url, org);
    cold.push(await page.evaluate(() => performance.getEntriesByName('prewarm:data')[0]!.startTime));
    await context.close();
  }
  const context = await profile(browser);
  const page = await open(context, stack.url, org);
  await live(page);
  await page.evaluate(() => {
    const seen: Record<string, number> = {};
    Object.assign(window, { seen });
    new MutationObserver(() => {
      for (const score of document.querySelectorAll('.leads .score')) seen[score.textContent!] ??= performance.timeOrigin + performance.now();
    }).observe(document.querySelector('.leads')!, { subtree: true, childList: true, characterData: true });
  });
  const late: number[] = [];
  for (let change = 0; change < CHANGES; change++) {
    // Nobody else's: all others have more.
    const score = String(change);
    const committed = Number(
      stack.sql(`update contacts set lead_score = ${score} where org_id = '${org.id}' and name = 'Contact 9'; select extract(epoch from clock_timestamp()) * 1000`),
    );
    const shown = await page.waitForFunction((score) => (window as never as { seen: Record<string, number> }).seen[score], score);
    late.push(Number(await shown.jsonValue()) - committed);
  }
  const sizes = await page.evaluate(() =>
    (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
      .filter(({ name }) => name.endsWith('/api/analytics/dashboard'))
      .map(({ encodedBodySize }) => encodedBodySize),
  );
  const deltas = sort(sizes.slice(3));
  console.log(`cold page to first data painted, median of ${ROUNDS}: ${at(sort(cold), 0.5).toFixed(0)} ms`);
  console.log(`a change on screen after its commit, ${CHANGES} changes: p50 ${at(sort(late), 0.5).toFixed(0)} ms, p99 ${at(sort(late), 0.99).toFixed(0)} ms`);
  console.log(`body of all panels: first ${sizes[0]} B, after a change p50 ${at(deltas, 0.5)} B`);
} finally {
  await browser.close();
  await stack.stop();
}
