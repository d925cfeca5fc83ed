import type { Version } from './models.js';

/** Whether `a` is older than `b`, compared as two integers. A missing version is older than any other. */
export const isOlder = (a: Version | undefined, b: Version | undefined): boolean => {
  if (!a || !b) return !a && !!b;
  const [ae, an] = a.split('-').map(Number);
  const [be, bn] = b.split('-').map(Number);
  return (ae! - be! || an! - bn!) < 0;
};
