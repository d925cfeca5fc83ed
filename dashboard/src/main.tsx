import { render } from 'preact';
import { Page } from './page.js';
import { isSignedIn } from './session.js';
import { newest } from './store.js';
import './style.css';

/** The data has often arrived before this script. It is then drawn at once, without an empty page first. */
const PATIENCE_MS = 100;

const draw = (): void => render(<Page />, document.querySelector('#page')!);
const timer = setTimeout(draw, isSignedIn.peek() ? PATIENCE_MS : 0);
const stop = newest.subscribe(({ data, failure }) => {
  if (!data && !failure) return;
  clearTimeout(timer);
  stop();
  draw();
});
