import type { ComponentChildren, FunctionComponent, JSX } from 'preact';
import { Component } from 'preact';
import { useId, useState } from 'preact/hooks';
import type { Failure } from '../client/src/failure.js';
import { reply } from './announce.js';
import { client } from './session.js';
import { otherZone } from './organization.js';
import { isPainted, slowNow } from './store.js';
import { absolute, clockTime, isNumber, phone, since } from './text.js';

/** A term with its definition on hover and on focus. Escape closes it. */
export const Term = ({ children, means }: { children: ComponentChildren; means: string }) => {
  const id = useId();
  const [away, put] = useState(false);
  return (
    <span
      class="term"
      data-away={away || undefined}
      onKeyDown={(event) => event.key === 'Escape' && put(true)}
      onPointerLeave={() => put(false)}
      onFocusOut={() => put(false)}
    >
      <button type="button" class="term-word" aria-describedby={id}>
        {children}
      </button>
      <span class="tip" role="tooltip" id={id}>
        {means}
      </span>
    </span>
  );
};

/** A relative time, with the full instant on hover and for screen readers. */
export const Ago = ({ at }: { at: string | null }) => {
  if (!at) return <span class="quiet">never</span>;
  const then = Date.parse(at);
  return (
    <time dateTime={at} title={isPainted.value ? instantOf(then) : undefined}>
      {since(slowNow.value - then)}
    </time>
  );
};

/** A full instant in the viewer's time zone, and in the organisation's if that differs. */
export const instantOf = (at: number): string => {
  const zone = otherZone.value;
  return zone ? `${absolute(at)} (${clockTime(at, zone)} in ${zone})` : absolute(at);
};

/** A phone number that can be dialled and copied. */
export const Phone = ({ number, of }: { number: string | null; of: string }) => {
  if (!isNumber(number)) return <span class="quiet">{number || '—'}</span>;
  return (
    <span class="phone">
      <a href={`tel:${number.replace(/[^+\d]/g, '')}`} title={number}>
        <Icon name="phone" />
        <span>{phone(number)}</span>
      </a>
      <Copy text={number} what={`the number of ${of}`} />
    </span>
  );
};

export const Copy = ({ text, what, icon = 'copy' }: { text: string; what: string; icon?: keyof typeof ICONS }) => {
  const [done, set] = useState(false);
  const copy = async (event: Event) => {
    event.stopPropagation();
    await navigator.clipboard.writeText(text).then(
      () => {
        set(true);
        reply(`Copied ${what}.`);
        setTimeout(() => set(false), 1_500);
      },
      () => reply('The browser does not allow copying here.'),
    );
  };
  return (
    <button type="button" class="icon" aria-label={`Copy ${what}`} title={`Copy ${what}`} onClick={copy}>
      <Icon name={done ? 'check' : icon} />
    </button>
  );
};

const ICONS = {
  copy: 'M5.5 5.5V2H14v8.5h-3.5M2 5.5h8.5V14H2V5.5Z',
  check: 'm3 8.5 3.2 3.2L13 4.8',
  in: 'M12.5 3.5 4 12m0-6v6h6',
  out: 'M3.5 12.5 12 4M6 4h6v6',
  close: 'm4 4 8 8m0-8-8 8',
  pause: 'M5.5 3.5v9m5-9v9',
  play: 'M5 3.2v9.6L12.5 8 5 3.2Z',
  down: 'M8 2.5v8m-3.5-3L8 11l3.5-3.5M3 13.5h10',
  flame: 'M8 14c3 0 5-2 5-4.5 0-3-3-4-3-7.5-2 1-3.5 3-3.5 4.5C5.5 6 5.3 5 5.3 5 4 6.3 3 8 3 9.5 3 12 5 14 8 14Z',
  phone: 'M5 2.5 3 3.5c-.5 6 3.5 10 9.5 9.5l1-2-3-2L9 10.5A9 9 0 0 1 5.5 7L7 5.5 5 2.5Z',
  calendar: 'M2.5 4h11v9.5h-11V4Zm0 3h11M5.5 2.5v3m5-3v3',
  bell: 'M4 11V7a4 4 0 0 1 8 0v4l1.5 1.5h-11L4 11Zm2.5 1.5c0 2 3 2 3 0',
  mail: 'M2 4h12v8.5H2V4Zm0 .5 6 4.5 6-4.5',
  mic: 'M8 2c1 0 2 1 2 2v4a2 2 0 0 1-4 0V4c0-1 1-2 2-2ZM4 7.5a4 4 0 0 0 8 0M8 11.5V14',
};

export const Icon = ({ name }: { name: keyof typeof ICONS }) => (
  <svg class="glyph" viewBox="0 0 16 16" aria-hidden="true">
    <path d={ICONS[name]} />
  </svg>
);

/** A region of the page. An error inside it leaves the others alone. */
export class Panel extends Component<
  { name: string; class?: string; tools?: ComponentChildren; note?: ComponentChildren; children: ComponentChildren },
  { broken?: boolean }
> {
  static override getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): JSX.Element {
    const { name, tools, note, children } = this.props;
    const id = `panel-${name.replace(/\W/g, '-').toLowerCase()}`;
    return (
      <section class={`panel ${this.props.class ?? ''}`} aria-labelledby={id}>
        <header>
          <h2 id={id}>{name}</h2>
          {note && <span class="note">{note}</span>}
          {tools && <div class="tools">{tools}</div>}
        </header>
        {this.state.broken ? (
          <p class="empty" role="alert">
            This panel cannot be shown; the others can. <button onClick={() => this.setState({ broken: false })}>Try again</button>
          </p>
        ) : (
          children
        )}
      </section>
    );
  }
}

/**
 * Renders only what changed. Each version brings new objects, most of them with equal values, so values are compared.
 */
export const memo = <P extends object>(Draw: FunctionComponent<P>) =>
  class extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      return JSON.stringify(next) !== JSON.stringify(this.props);
    }

    override render(): JSX.Element {
      return <Draw {...this.props} />;
    }
  };

/** An error with its remedy and the request id for support. */
export const Trouble = ({ failure, what, onRetry }: { failure: Failure; what: string; onRetry?: () => void }) => (
  <p class="trouble" role="alert">
    <span>
      {what} {todo(failure)}
      {failure.requestId && (
        <>
          {' '}
          Request <code>{failure.requestId}</code>
          <Copy text={failure.requestId} what="the request’s id" />
        </>
      )}
    </span>
    {onRetry && (
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    )}
  </p>
);

const todo = ({ kind, message }: Failure): string =>
  ({
    offline: 'The server cannot be reached. Check your connection; the page keeps trying.',
    'signed-out': 'Sign in again.',
    forbidden: 'You may not see this. Ask an administrator of your organisation.',
    missing: 'Not found.',
    refused: `${message}.`,
    server: 'The server could not answer. The last data stays on screen, and the page keeps trying.',
  })[kind];

/** The message of a table without rows, across its whole width. */
export const NoRows = ({ columns, children }: { columns: number; children: ComponentChildren }) => (
  <tr class="none">
    <td colSpan={columns}>{children}</td>
  </tr>
);

/** The button that applies the changes held back while the list was frozen. */
export const Pill = ({ fresh, apply }: { fresh: number; apply: () => void }) => (
  <div class="pill-place">
    {fresh > 0 && (
      <button type="button" class="pill" onClick={apply}>
        {fresh} new
      </button>
    )}
  </div>
);

export const askAgain = (): void => client.wake();
