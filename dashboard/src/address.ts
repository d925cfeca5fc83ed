import { signal } from '@preact/signals';

/** The part of the page's state that its URL holds, so that links and Back work. */
export interface Address {
  q: string;
  status: string;
  direction: string;
  from: string;
  to: string;
  page: number;
  /** The call whose drawer is open. */
  call: string;
  version: string;
}

const read = (): Address => {
  const query = new URLSearchParams(location.search);
  const text = (name: string) => query.get(name) ?? '';
  const page = Number.parseInt(text('page'), 10);
  return {
    q: text('q'),
    status: text('status'),
    direction: text('direction'),
    from: text('from'),
    to: text('to'),
    page: page > 1 ? page : 1,
    call: text('call'),
    version: text('version'),
  };
};

export const address = signal(read());
addEventListener('popstate', () => (address.value = read()));

/** The query string of an address, without default values. */
export const queryOf = (of: Address): string => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(of)) {
    if (value && !(name === 'page' && value === 1)) query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `?${text}` : '';
};

/** Navigates. Typing replaces the history entry, so that Back does not undo single letters. */
export const go = (change: Partial<Address>, typing = false): void => {
  address.value = { ...address.value, ...change };
  const url = location.pathname + queryOf(address.value);
  history[typing ? 'replaceState' : 'pushState'](null, '', url);
};

export const isFiltered = ({ q, status, direction, from, to }: Address): boolean => !!(q || status || direction || from || to);

const day = (text: string): Date | undefined => {
  const date = new Date(`${text}T00:00:00`);
  return Number.isNaN(date.getTime()) ? undefined : date;
};

/** The path of the calls of an address, if the dashboard's answer does not hold them. Days are the viewer's. */
export const callsPath = (of: Address): string | undefined => {
  if (of.page === 1 && !isFiltered(of)) return undefined;
  const query = new URLSearchParams({ page: String(of.page), limit: '20' });
  if (of.q) query.set('search', of.q.slice(0, 200));
  if (of.status) query.set('status', of.status);
  if (of.direction) query.set('call_type', of.direction);
  const [from, to] = [day(of.from), day(of.to)];
  if (from) query.set('startDate', from.toISOString());
  if (to) query.set('endDate', new Date(to.setDate(to.getDate() + 1) - 1).toISOString());
  return `/api/calls-dashboard?${query}`;
};
