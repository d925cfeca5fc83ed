import type { ActivityEvent } from '../../client/src/models.js';
import { Ago, Icon, Panel } from '../parts.js';
import { useChanges, useHeld, useHold } from '../rows.js';
import { shown } from '../store.js';
import { dayAndTime, plain, words } from '../text.js';

const ICONS = { call_completed: 'phone', hot_lead_detected: 'flame', appointment_booked: 'calendar' } as const;

export const Activity = () => {
  const events = shown.value.data?.activity.events;
  const [held, handlers, watch] = useHold();
  const { rows, apply, fresh } = useHeld(events ?? [], held);
  const changed = useChanges(events ?? []);
  return (
    <Panel
      name="Recent activity"
      class="activity"
      tools={
        fresh > 0 && (
          <button type="button" class="pill" onClick={apply}>
            {fresh} new
          </button>
        )
      }
    >
      <ol ref={watch} {...handlers}>
        {events && !events.length && <li class="empty">Nothing has happened yet. Calls, hot leads and bookings are told here.</li>}
        {rows.map((event) => (
          <li key={event.id} data-id={event.id} data-changed={changed.get(event.id)} class={event.type}>
            <span class="badge">
              <Icon name={ICONS[event.type] ?? 'phone'} />
            </span>
            <span class="what">
              <bdi>{plain(event.summary)}</bdi>
              <span class="under">{detail(event)}</span>
            </span>
            <Ago at={event.timestamp} />
          </li>
        ))}
      </ol>
    </Panel>
  );
};

const detail = ({ type, metadata: m }: ActivityEvent): string => {
  if (type === 'appointment_booked') {
    const at = m.scheduled_at ? `for ${dayAndTime(Date.parse(String(m.scheduled_at)))}` : '';
    return [m.service_type, at].filter(Boolean).join(', ') || 'No time yet';
  }
  if (type === 'hot_lead_detected') return [m.service_interest, m.lead_score !== null && `score ${m.lead_score}`].filter(Boolean).join(', ');
  return `${words(String(m.sentiment_label ?? ''))} · ${m.sentiment_summary ?? ''}`;
};
