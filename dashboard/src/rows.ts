import { effect, signal } from '@preact/signals';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { isPainted } from './store.js';

/** An entry of a list. */
export interface Row {
  id: string;
}

/** Rows in display order. */
export interface Held<T extends Row> {
  rows: T[];
  /** Rows that the server no longer lists. */
  gone: ReadonlySet<string>;
  /** The number of new rows held back. */
  fresh: number;
  /** Shows the new rows now. */
  apply: () => void;
}

/**
 * Freezes the order while the pointer or the focus is in the list or it is scrolled down: values change in place, new rows
 * wait, and removed rows stay.
 */
export const useHeld = <T extends Row>(rows: T[], held: boolean, subject = ''): Held<T> => {
  const [, redraw] = useState(0);
  const kept = useRef<{ subject: string; rows: T[] }>({ subject, rows });
  // New rows in an empty list move nothing.
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

/** A few more rows than are visible without scrolling. */
const IN_SIGHT = 12;
/** Rows rendered in one task after that: few, so that the page answers a click in between. */
const SLICE = 3;
/** The leads, the longest list, have fifty rows. */
const LONGEST = 50;

/** Rows that each list renders beyond the visible ones. */
const beyond = signal(0);

effect(() => {
  // Reading `beyond` here runs this again after each slice.
  if (isPainted.value && beyond.value < LONGEST) setTimeout(() => (beyond.value += beyond.value < LONGEST - SLICE ? SLICE : Infinity));
});

/** The rows to render: at first the visible ones, then the others in slices. */
export const firstOf = <T extends Row>(rows: T[], inSight = IN_SIGHT): T[] => rows.slice(0, inSight + beyond.value);

/** How long a changed row is highlighted. */
const MARK_MS = 4_000;

/**
 * Rows that just changed, each with `a` or `b` in turn, so that a second change restarts the animation. A list with another
 * filter starts without highlights.
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

/** Animates rows to their new places. Positions are read before the move, when layout is still clean. */
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

/** Whether a list is frozen, and the handlers that decide it. */
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
