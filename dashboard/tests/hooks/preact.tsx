import { type ComponentChild, render } from 'preact';

export const mount = (page: ComponentChild, at: Element): (() => void) => {
  render(page, at);
  return () => render(null, at);
};
