/** Focuses the next row of the focused table, or the first lead. */
export const step = (by: 1 | -1): void => {
  const here = document.activeElement?.closest('tr[data-id]');
  const table = here?.closest('table') ?? document.querySelector('.leads table');
  const rows = [...(table?.querySelectorAll<HTMLElement>('tr[data-id]') ?? [])].filter((row) => row.checkVisibility());
  const at = here ? rows.indexOf(here as HTMLElement) + by : 0;
  rows[Math.min(rows.length - 1, Math.max(0, at))]?.focus();
};
