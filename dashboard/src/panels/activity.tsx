import type { ActivityEvent } from '../../client/src/models.js';
import { Ago, Icon, Panel } from '../parts.js';
import { firstOf, useChanges, useHeld, useHold } from '../rows.js';
import { shown } from '../store.js';
import { dayAndTime, plain, words } from '../text.js';

const iconOf = ({ metadata }: ActivityEvent) => ('lead_name' in metadata ? 'flame' : 'customer_name' in metadata ? 'calendar' : 'phone');

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
        {firstOf(rows).map((event) => (
          <li key={event.id} data-id={event.id} data-changed={changed.get(event.id)} class={event.type}>
            <span class="badge">
              <Icon name={iconOf(event)} />
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

const detail = ({ metadata: m }: ActivityEvent): string => {
  if ('customer_name' in m) {
    const at = m.scheduled_at ? `for ${dayAndTime(Date.parse(m.scheduled_at))}` : '';
    return [m.service_type, at].filter(Boolean).join(', ') || 'No time yet';
  }
  if ('lead_name' in m) return [m.service_interest, m.lead_score !== null && `score ${m.lead_score}`].filter(Boolean).join(', ');
  return `${words(m.sentiment_label)} · ${m.sentiment_summary}`;
};
