import { effect, signal } from '@preact/signals';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { isPainted } from './store.js';

/** Something with a place in a list. */
export interface Row {
  id: string;
}

/** Rows in the order in which they are shown. */
export interface Held<T extends Row> {
  rows: T[];
  /** Those that the server shows no longer. */
  gone: ReadonlySet<string>;
  /** How many there would be more. */
  fresh: number;
  /** Shows them now. */
  apply: () => void;
}

/**
 * Keeps the order while somebody points at the list, has the focus in it or has scrolled down: values change in their place,
 * new rows wait, and those that have gone stay.
 */
export const useHeld = <T extends Row>(rows: T[], held: boolean, subject = ''): Held<T> => {
  const [, redraw] = useState(0);
  const kept = useRef<{ subject: string; rows: T[] }>({ subject, rows });
  // Where there is nothing yet, nothing moves by what comes.
  if (!held || !kept.current.rows.length || kept.current.subject !== subject) kept.current = { subject, rows };
  const now = new Map(rows.map((row) => [row.id, row]));
  const before = kept.current.rows;
  const order = before.map((row) => now.get(row.id) ?? row);
  const known = new Set(before.map((row) => row.id));
  return {
    rows: order,
    gone: new Set(before.filter((row) => !now.has(row.id)).map((row) => row.id)),
    fresh: rows.filter((row) => !known.has(row.id)).length,
    apply: () => {
      kept.current = { subject, rows };
      redraw((n) => n + 1);
    },
  };
};

/** Rows of a list that are on screen at first, with a few to spare. */
const IN_SIGHT = 12;
/** Rows a list gets in one go after that: few, so that the page answers a click in between. */
const SLICE = 3;
/** No list is longer. */
const LONGEST = 200;

/** Rows that each list draws beyond those in sight. */
const beyond = signal(0);

effect(() => {
  // Reading `beyond` here runs this again after each slice.
  if (isPainted.value && beyond.value < LONGEST) setTimeout(() => (beyond.value += SLICE));
});

/** The rows to draw: at first those in sight, and the others in slices once these are painted. */
export const firstOf = <T extends Row>(rows: T[], inSight = IN_SIGHT): T[] => rows.slice(0, inSight + beyond.value);

/** How long a changed row bears the mark. */
const MARK_MS = 4_000;

/**
 * Which rows have changed just now: `a` and `b` in turn, so that a mark begins anew when a row changes again. A list about
 * something else begins without marks.
 */
export const useChanges = <T extends Row>(rows: T[], subject = ''): ReadonlyMap<string, 'a' | 'b'> => {
  const [, redraw] = useState(0);
  const seen = useRef({ subject, texts: new Map<string, string>(), marks: new Map<string, 'a' | 'b'>() });
  const { current } = seen;
  const texts = new Map(rows.map((row) => [row.id, JSON.stringify(row)]));
  if (current.subject !== subject || !current.texts.size) {
    seen.current = { subject, texts, marks: new Map() };
    return seen.current.marks;
  }
  for (const [id, text] of texts) {
    if (current.texts.get(id) === text) continue;
    const mark = current.marks.get(id) === 'a' ? 'b' : 'a';
    current.marks.set(id, mark);
    setTimeout(() => {
      if (current.marks.get(id) !== mark) return;
      current.marks.delete(id);
      redraw((n) => n + 1);
    }, MARK_MS);
  }
  current.texts = texts;
  return current.marks;
};

export const isStill = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Rows glide to their new places. Where they were is read before they move, when the browser knows it anyway. */
export const useGlide = (list: { current: HTMLElement | null }, order: string): void => {
  const last = useRef(order);
  const before = last.current === order || isStill() ? undefined : topsIn(list.current);
  last.current = order;
  useLayoutEffect(() => {
    if (!before?.size) return;
    for (const [row, top] of topsIn(list.current)) {
      const by = (before.get(row) ?? top) - top;
      if (by) row.animate([{ transform: `translateY(${by}px)` }, { transform: 'none' }], { duration: 260, easing: 'ease-out' });
    }
  }, [order]);
};

const topsIn = (list: HTMLElement | null): Map<HTMLElement, number> =>
  new Map(Array.from(list?.querySelectorAll<HTMLElement>('[data-id]') ?? [], (row) => [row, row.offsetTop]));

/** Whether a list is to stand still, and what tells. */
export const useHold = (): [boolean, Record<string, (event: never) => void>, (scroller: HTMLElement | null) => void] => {
  const [reasons, set] = useState<Record<string, boolean>>({});
  const put = (reason: string, holds: boolean) => set((r) => (!!r[reason] === holds ? r : { ...r, [reason]: holds }));
  const handlers = {
    onPointerEnter: (event: PointerEvent) => put('pointer', event.pointerType === 'mouse'),
    onPointerLeave: () => put('pointer', false),
    onFocusIn: () => put('focus', true),
    onFocusOut: (event: FocusEvent) =>
      put('focus', (event.currentTarget as HTMLElement).contains(event.relatedTarget as Node | null)),
    onScroll: (event: Event) => put('scroll', (event.currentTarget as HTMLElement).scrollTop > 4),
  };
  const watched = useRef<HTMLElement | null>(null);
  useLayoutEffect(() => {
    const look = () => put('page', !!watched.current && watched.current.getBoundingClientRect().top < -80);
    addEventListener('scroll', look, { passive: true });
    return () => removeEventListener('scroll', look);
  }, []);
  return [Object.values(reasons).some(Boolean), handlers as never, (scroller) => (watched.current = scroller)];
};
