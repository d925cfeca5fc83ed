import { computed, signal } from '@preact/signals';
import { Client } from '../client/src/client.js';

const KEY = 'prewarm.token';

declare global {
  interface Window {
    /** The requests that the inline script of the HTML has started. */
    prewarm?: Record<string, Promise<Response> | undefined>;
  }
}

/** The access token, kept while the tab is open. */
export const token = signal(sessionStorage.getItem(KEY) ?? undefined);
export const isSignedIn = computed(() => !!token.value);

export const client = new Client({ token: () => token.value, begun: window.prewarm });

/** Reloads the page with another token, so that nothing of the previous one is left. */
export const signIn = (given: string): void => {
  sessionStorage.setItem(KEY, given.trim());
  location.reload();
};

export const signOut = async (): Promise<void> => {
  await client.signOut();
  sessionStorage.removeItem(KEY);
  token.value = undefined;
  document.title = 'Prewarm';
};

/** A link may bring another token into an open page. */
addEventListener('hashchange', () => {
  const given = /[#&]token=([^&]+)/.exec(location.hash)?.[1];
  if (!given) return;
  history.replaceState(history.state, '', location.pathname + location.search);
  signIn(decodeURIComponent(given));
});
