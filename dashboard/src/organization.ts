import { computed, effect, signal } from '@preact/signals';
import type { Organization } from '../client/src/models.js';
import { client, isSignedIn } from './session.js';
import { shown } from './store.js';

/** The organisation of this dashboard, once it is known. */
export const organization = signal<Organization | undefined>(undefined);

let isAsked = false;
/** Asked once the panels are there: nothing waits for it. */
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
    // Asked again with the next version.
    .catch(() => (isAsked = false));
});

const here = new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The zone of the organisation's days, where it is not the viewer's. */
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
