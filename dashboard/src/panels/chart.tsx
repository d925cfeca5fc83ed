import { computed } from '@preact/signals';
import { useState } from 'preact/hooks';
import type { Hour } from '../../client/src/models.js';
import { isPainted, now } from '../store.js';
import { hourName, plural, weekday } from '../text.js';

const HOUR_MS = 3_600_000;
const HOURS = 168;
const HEIGHT = 96;
const STEP = 5;
const BAR = 3.6;

interface Bar {
  at: number;
  calls: number;
  inbound: number;
}

const thisHour = computed(() => Math.floor(now.value / HOUR_MS) * HOUR_MS);

/** The last seven days by the hour. An hour without calls has no bar. */
const barsOf = (hours: Hour[], until: number): Bar[] => {
  const known = new Map(hours.map((hour) => [Date.parse(hour.hour), hour]));
  return Array.from({ length: HOURS }, (_, i) => {
    const at = until - (HOURS - 1 - i) * HOUR_MS;
    const hour = known.get(at);
    return { at, calls: hour?.calls ?? 0, inbound: hour?.inbound ?? 0 };
  });
};

/** All bars of one kind as one path. */
const path = (bars: Bar[], from: (bar: Bar) => number, to: (bar: Bar) => number, most: number): string =>
  bars
    .map((bar, i) => {
      const [low, high] = [(from(bar) / most) * HEIGHT, (to(bar) / most) * HEIGHT];
      return high > low ? `M${i * STEP} ${(HEIGHT - low).toFixed(1)}v${(low - high).toFixed(1)}h${BAR}V${(HEIGHT - low).toFixed(1)}z` : '';
    })
    .join('');

export const Chart = ({ hours }: { hours?: Hour[] }) => {
  const [pointed, point] = useState<number>();
  const newest = hours?.length ? Date.parse(hours[hours.length - 1]!.hour) : 0;
  const until = Math.max(newest, thisHour.value);
  const bars = barsOf(hours ?? [], until);
  const most = Math.max(4, ...bars.map((bar) => bar.calls));
  const total = bars.reduce((sum, bar) => sum + bar.calls, 0);
  const inbound = bars.reduce((sum, bar) => sum + bar.inbound, 0);
  const bar = pointed === undefined ? undefined : bars[pointed];
  const midnights = bars.flatMap((bar, i) => (new Date(bar.at).getHours() === 0 ? [i] : []));
  const onMove = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    point(Math.min(HOURS - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * HOURS))));
  };
  return (
    <figure class="chart">
      <figcaption>
        <span>{bar ? hourName(bar.at) : 'Last seven days, by the hour, your time'}</span>
        <span class="legend">
          <i class="key inbound" /> <b>{bar ? bar.inbound : inbound}</b> inbound <i class="key outbound" />{' '}
          <b>{bar ? bar.calls - bar.inbound : total - inbound}</b> outbound
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${HOURS * STEP} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${plural(total, 'call')} in the last seven days, ${inbound} of them inbound. The same as a table follows.`}
        onPointerMove={onMove}
        onPointerLeave={() => point(undefined)}
      >
        {midnights.map((i) => (
          <path key={bars[i]!.at} class="midnight" d={`M${i * STEP - 0.7} 0V${HEIGHT}`} />
        ))}
        {pointed !== undefined && <path class="pointed" d={`M${pointed * STEP} 0h${BAR}V${HEIGHT}h-${BAR}z`} />}
        <path class="inbound" d={path(bars, () => 0, (bar) => bar.inbound, most)} />
        <path class="outbound" d={path(bars, (bar) => bar.inbound, (bar) => bar.calls, most)} />
        <path class="base" d={`M0 ${HEIGHT - 0.5}H${HOURS * STEP}`} />
      </svg>
      <div class="days" aria-hidden="true">
        {midnights.filter((i) => i < HOURS - 8).map((i) => (
          <span key={bars[i]!.at} style={{ left: `${(i / HOURS) * 100}%` }}>
            {weekday(bars[i]!.at)}
          </span>
        ))}
      </div>
      {isPainted.value && <Twin bars={bars} />}
    </figure>
  );
};

/** The chart as a table, for screen readers. */
const Twin = ({ bars }: { bars: Bar[] }) => (
  <div class="unseen">
    <table>
      <caption>Calls by the hour</caption>
      <thead>
        <tr>
          <th scope="col">Hour</th>
          <th scope="col">Calls</th>
          <th scope="col">Inbound</th>
        </tr>
      </thead>
      <tbody>
        {bars
          .filter((bar) => bar.calls)
          .map((bar) => (
            <tr key={bar.at}>
              <th scope="row">{hourName(bar.at)}</th>
              <td>{bar.calls}</td>
              <td>{bar.inbound}</td>
            </tr>
          ))}
      </tbody>
    </table>
  </div>
);
