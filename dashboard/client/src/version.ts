/** `<epoch>-<n>`: compared as two integers. */
export type Version = string;

/** Whether `a` is older than `b`; nothing is older than anything. */
export const isOlder = (a: Version | undefined, b: Version | undefined): boolean => {
  if (!a || !b) return !a && !!b;
  const [ae, an] = a.split('-').map(Number);
  const [be, bn] = b.split('-').map(Number);
  return ae! < be! || (ae === be && an! < bn!);
};
