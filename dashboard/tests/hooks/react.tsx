import { type ReactNode, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

/** StrictMode makes React run effects twice. */
export const mount = (page: ReactNode, at: Element): (() => void) => {
  const root = createRoot(at);
  root.render(<StrictMode>{page}</StrictMode>);
  return () => root.unmount();
};
