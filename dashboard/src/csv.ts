/** What a spreadsheet would take for a formula, also in full-width forms; caller names come from strangers. */
const FORMULA = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;

const cell = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = String(value);
  // After blanks, too: some programs strip them. A number with a plus stays text by the same mark.
  const safe = FORMULA.test(text) || FORMULA.test(text.trimStart()) ? `'${text}` : text;
  return /[",\r\n;\t]|^'|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** RFC 4180, with a mark by which spreadsheets know UTF-8. */
export const csv = (rows: readonly Record<string, unknown>[], columns: readonly string[]): string => {
  const lines = rows.map((row) => columns.map((column) => cell(row[column])).join(','));
  return `\uFEFF${[columns.join(','), ...lines].join('\r\n')}\r\n`;
};

/** Has the browser save a file. */
export const save = (name: string, text: string): void => {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
};
