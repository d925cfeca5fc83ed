import { render } from 'preact';
import { Page } from './page.js';
import './style.css';

render(<Page />, document.querySelector('#page')!);
