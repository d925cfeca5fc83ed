import type { Call, Lead } from '../client/src/models.js';

/** Texts that a spreadsheet would run as a formula, full-width forms included. Callers choose their own names. */
const FORMULA = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;

const cell = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = String(value);
  // Also after blanks, which some programs strip. The same apostrophe keeps a number with a plus a text.
  const safe = FORMULA.test(text) || FORMULA.test(text.trimStart()) ? `'${text}` : text;
  return /[",\r\n;\t]|^'|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** CSV by RFC 4180, with a byte order mark for spreadsheets. */
export const csv = (rows: readonly object[], columns: readonly string[]): string => {
  const lines = rows.map((row) => columns.map((column) => cell((row as Record<string, unknown>)[column])).join(','));
  return `\uFEFF${[columns.join(','), ...lines].join('\r\n')}\r\n`;
};

/** Downloads a file. */
const save = (name: string, text: string): void => {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
};

const LEADS = [
  'contact_name', 'phone_number', 'email', 'lead_score', 'lead_temperature', 'follow_up_urgency', 'lead_status', 'service_interests',
  'sentiment_trend', 'total_calls', 'last_call_at', 'last_contact_at', 'last_call_summary', 'created_at', 'id',
] satisfies (keyof Lead)[];

const CALLS = [
  'call_date', 'caller_name', 'phone_number', 'call_direction', 'status', 'duration_seconds', 'sentiment_label', 'sentiment_score',
  'outcome_summary', 'ended_reason', 'cost_cents', 'id',
] satisfies (keyof Call)[];

export const saveLeads = (leads: Lead[]): void => {
  const rows = leads.map((lead) => ({ ...lead, service_interests: lead.service_interests?.join('; ') }));
  save('leads.csv', csv(rows, LEADS));
};

export const saveCalls = (calls: Call[]): void => save('calls.csv', csv(calls, CALLS));
