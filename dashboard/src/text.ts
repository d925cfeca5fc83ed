import type { Call, Lead } from '../client/src/models.js';

const language = navigator.language;
const count = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });

export const whole = (n: number): string => count.format(n);
export const percent = (n: number): string => `${Number(n.toFixed(1))} %`;

/** `4:29`, or `1:04:29`. */
export const duration = (seconds: number): string => {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds % 60)];
  const two = (n: number) => String(n).padStart(2, '0');
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
};

/** A relative time, with tenths of a second while they matter. */
export const ago = (ms: number): string => {
  const s = Math.max(0, ms) / 1000;
  if (s < 10) return `${s.toFixed(1)} s ago`;
  if (s < 60) return `${Math.floor(s)} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 48 * 3600) return `${Math.floor(s / 3600)} h ago`;
  return `${Math.floor(s / 86400)} d ago`;
};

/** A relative time without tenths, for rows. */
export const since = (ms: number): string => (ms < 60_000 ? 'just now' : ago(ms));

/** Formatters are expensive to create, and every row needs some. */
const made = new Map<string, Intl.DateTimeFormat>();
const maker = (name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => {
  const key = `${name} ${options.timeZone ?? ''}`;
  let found = made.get(key);
  if (!found) made.set(key, (found = new Intl.DateTimeFormat(language, options)));
  return found;
};

export const clockTime = (at: Date | number, timeZone?: string): string =>
  maker('clock', { hour: '2-digit', minute: '2-digit', timeZone }).format(at);

/** A full instant with its time zone. */
export const absolute = (at: Date | number, timeZone?: string): string =>
  maker('full', { dateStyle: 'medium', timeStyle: 'long', timeZone }).format(at);

export const dayAndTime = (at: Date | number): string =>
  maker('day', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }).format(at);

export const weekday = (at: number): string => maker('weekday', { weekday: 'short' }).format(at);

export const hourName = (at: number): string => maker('hour', { weekday: 'long', hour: 'numeric', minute: '2-digit' }).format(at);

/** A phone number formatted for reading; unchanged if its format is unknown. */
export const phone = (number: string): string => {
  const [, a, b, c] = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number) ?? [];
  if (a) return `+1 ${a} ${b} ${c}`;
  return /^\+\d{7,15}$/.test(number) ? number.replace(/^(\+\d{2})(\d{3})(\d{3})?/, '$1 $2 $3 ').trim() : number;
};

export const isNumber = (text: string | null | undefined): text is string => !!text && /^[+\d][\d\s().-]{5,}$/.test(text);

export const leadName = (lead: Lead): string => lead.contact_name || (lead.phone_number ? phone(lead.phone_number) : 'Unknown');

/** The words for a status, which is free text. */
export const words = (text: string): string => {
  const spaced = text.replace(/[-_.]+/g, ' ').trim();
  return spaced && spaced[0]!.toUpperCase() + spaced.slice(1);
};

export const statusOf = (call: Call): string => (call.status === 'no-answer' ? 'Missed' : words(call.status));

export const plural = (n: number, one: string, many = `${one}s`): string => `${whole(n)} ${n === 1 ? one : many}`;

/** A summary without the emoji at its start. */
export const plain = (summary: string): string => summary.replace(/^[^\p{L}\p{N}+]+/u, '');

