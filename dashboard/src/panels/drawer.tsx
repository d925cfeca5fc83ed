import { useEffect, useRef } from 'preact/hooks';
import type { Call } from '../../client/src/models.js';
import { address, go } from '../address.js';
import { Copy, Icon, instantOf, Phone } from '../parts.js';
import { duration, percent, phone, statusOf, words } from '../text.js';

/** The full call that the address names. The dialog element keeps the focus inside and restores it. */
export const Drawer = ({ rows, known }: { rows: Call[]; known: boolean }) => {
  const { call: id } = address.value;
  const dialog = useRef<HTMLDialogElement>(null);
  const last = useRef<Call | undefined>(undefined);
  const from = useRef<HTMLElement | null>(null);
  const call = rows.find((row) => row.id === id) ?? (last.current?.id === id ? last.current : undefined);
  last.current = call;
  useEffect(() => {
    const { current } = dialog;
    if (id && !current?.open) {
      from.current = document.activeElement as HTMLElement | null;
      current?.showModal();
    }
    if (!id && current?.open) current.close();
  }, [id]);
  const closed = () => {
    if (address.peek().call) go({ call: '' });
    // The row may have been rendered again meanwhile.
    const row = document.querySelector<HTMLElement>(`.calls tr[data-id="${CSS.escape(last.current?.id ?? '')}"] .open`);
    if (from.current?.isConnected && from.current !== document.body) from.current.focus();
    else row?.focus();
  };
  return (
    <dialog
      ref={dialog}
      class="drawer"
      aria-labelledby="drawer-title"
      onClose={closed}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <header>
        <h3 id="drawer-title">
          <bdi>{phone(call?.caller_name ?? 'Call')}</bdi>
        </h3>
        <button type="button" class="icon" aria-label="Close" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </button>
      </header>
      {call ? <Details call={call} /> : id && <p class="empty">{known ? 'That call is not on this page. Look on another page, or clear the filters.' : 'Loading…'}</p>}
    </dialog>
  );
};

const Details = ({ call }: { call: Call }) => (
  <dl class="details">
    <dt>When</dt>
    <dd>{call.call_date ? instantOf(Date.parse(call.call_date)) : 'Unknown'}</dd>
    <dt>Number</dt>
    <dd>
      <Phone number={call.phone_number} of={call.caller_name} />
    </dd>
    <dt>Direction</dt>
    <dd>{words(call.call_direction)}</dd>
    <dt>Status</dt>
    <dd>{statusOf(call)}</dd>
    <dt>Length</dt>
    <dd>{duration(call.duration_seconds)}</dd>
    <dt>Sentiment</dt>
    <dd>
      {call.sentiment_label ? words(call.sentiment_label) : 'Not judged'}
      {call.sentiment_score !== null && `, ${percent(call.sentiment_score * 100)}`}
    </dd>
    <dt>Ended</dt>
    <dd>{call.ended_reason ? words(call.ended_reason) : 'Not known'}</dd>
    <dt>Cost</dt>
    <dd>{(call.cost_cents / 100).toFixed(2)} $</dd>
    <dt>Summary</dt>
    <dd class="long">{call.outcome_summary || 'There is none.'}</dd>
    <dt>Call id</dt>
    <dd>
      <code>{call.id}</code> <Copy text={call.id} what="the call’s id" />
    </dd>
  </dl>
);
