import { computed, effect, signal } from '@preact/signals';
import type { Organization } from '../client/src/models.js';
import { client, isSignedIn } from './session.js';
import { shown } from './store.js';

/** The organisation of this dashboard, once loaded. */
export const organization = signal<Organization | undefined>(undefined);

let isAsked = false;
/** Loads the organisation after the panels, since no panel waits for it. */
effect(() => {
  if (!isSignedIn.value) {
    organization.value = undefined;
    isAsked = false;
    return;
  }
  if (isAsked || !shown.value.data) return;
  isAsked = true;
  client
    .fetch('/api/organization', { cache: 'no-store' })
    .then((answer) => answer.json())
    .then((found: Organization) => (organization.value = found))
    // The next version triggers another attempt.
    .catch(() => (isAsked = false));
});

const here = new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The organisation's time zone, if it differs from the viewer's. */
export const otherZone = computed(() => {
  const { timezone } = organization.value ?? {};
  return timezone && timezone !== here && isZone(timezone) ? timezone : undefined;
});

const isZone = (timeZone: string): boolean => {
  try {
    new Intl.DateTimeFormat(undefined, { timeZone });
    return true;
  } catch {
    return false;
  }
};
