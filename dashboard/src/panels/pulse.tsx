import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import type { Organization, Pulse as Model } from '../../client/src/models.js';
import { otherZone, organization } from '../organization.js';
import { Panel, Term } from '../parts.js';
import { shown, slowNow } from '../store.js';
import { clockTime, duration, percent, whole } from '../text.js';
import { Chart } from './chart.js';

interface Figure {
  field: Exclude<keyof Model, 'hourly'>;
  name: string;
  means: string;
  show: (n: number) => string;
}

const MAIN: Figure[] = [
  { field: 'calls_today', name: 'Calls today', show: whole, means: 'Calls since midnight in your organisation’s time zone. Test calls are left out.' },
  { field: 'hot_leads_count', name: 'Hot leads', show: whole, means: 'Contacts to follow up (new, contacted or qualified) with a score of 80 or more.' },
  { field: 'appointments_booked', name: 'Appointments', show: whole, means: 'Live appointments: pending, confirmed, in progress or completed.' },
  { field: 'success_rate', name: 'Booked after a call', show: percent, means: 'Of all inbound calls, those whose contact has booked an appointment since.' },
];

const MORE: Figure[] = [
  { field: 'total_calls', name: 'All calls', show: whole, means: 'All calls, inbound and outbound. Test calls are left out.' },
  { field: 'inbound_calls', name: 'Inbound', show: whole, means: 'Calls that came in. Test calls are left out.' },
  { field: 'outbound_calls', name: 'Outbound', show: whole, means: 'Calls that your agent made. Test calls are left out.' },
  { field: 'answered_calls', name: 'Answered', show: whole, means: 'Calls longer than zero seconds.' },
  { field: 'avg_duration_seconds', name: 'Average length', show: duration, means: 'Minutes and seconds, over the calls with a known length.' },
  { field: 'avg_sentiment', name: 'Sentiment', show: (n) => percent(n * 100), means: 'The sentiment of callers, from 0 to 100 %, over the calls with a score.' },
  { field: 'pipeline_value', name: 'Pipeline', show: whole, means: 'Estimated value of all contacts to follow up, in your own currency.' },
];

export const Pulse = () => {
  const pulse = shown.value.data?.pulse;
  return (
    <Panel name="Pulse" class="pulse" note={organization.value && <Whose of={organization.value} />}>
      <dl class="figures">{MAIN.map((figure) => <Card key={figure.field} figure={figure} pulse={pulse} />)}</dl>
      <Chart hours={pulse?.hourly} />
      <dl class="small figures">{MORE.map((figure) => <Card key={figure.field} figure={figure} pulse={pulse} />)}</dl>
    </Panel>
  );
};

const Whose = ({ of: { name, timezone } }: { of: Organization }) => (
  <span title={`The organisation’s day begins at midnight in ${timezone}`}>
    {name && <bdi>{name}</bdi>} {otherZone.value ? `${clockTime(slowNow.value, timezone)} in ${timezone}` : timezone}
  </span>
);

const Card = ({ figure: { field, name, means, show }, pulse }: { figure: Figure; pulse?: Model }) => (
  <div class="figure">
    <dt>
      <Term means={field === 'calls_today' && organization.value ? `${means} It is ${organization.value.timezone}.` : means}>{name}</Term>
    </dt>
    <dd>
      <Number field={field} value={pulse?.[field]}>
        {pulse ? show(pulse[field]) : '–'}
      </Number>
    </dd>
  </div>
);

/** A number that is highlighted when it changes. */
const Number = ({ field, value, children }: { field: string; value?: number; children: ComponentChildren }) => {
  const before = useRef<{ value?: number; mark?: 'a' | 'b' }>({ value });
  if (before.current.value !== value) {
    const mark = before.current.value === undefined ? undefined : before.current.mark === 'a' ? 'b' : 'a';
    before.current = { value, mark };
  }
  return (
    <data value={value} data-field={field} data-changed={before.current.mark}>
      {children}
    </data>
  );
};
