import { useRef } from 'preact/hooks';
import type { Call } from '../../client/src/models.js';
import { type Address, address, callsPath, go, isFiltered, queryOf } from '../address.js';
import { loadMore, more } from '../intent.js';
import { Ago, askAgain, Icon, memo, NoRows, Panel, Phone, Pill, Trouble } from '../parts.js';
import { firstOf, useChanges, useGlide, useHeld, useHold } from '../rows.js';
import { calls, isPast, shown } from '../store.js';
import { duration, phone, plural, statusOf, whole } from '../text.js';

const download = (rows: Call[]): void => void loadMore().then(({ saveCalls }) => saveCalls(rows));

const STATUSES = { completed: 'Completed', missed: 'Missed', transferred: 'Transferred', failed: 'Failed' };

export const Calls = () => {
  const { data, failure, asking } = calls.value;
  const [held, handlers, watch] = useHold();
  const list = useRef<HTMLTableSectionElement>(null);
  const subject = callsPath(address.value) ?? '';
  const all = data?.calls ?? [];
  const { rows, gone, fresh, apply } = useHeld(all, held, subject);
  const changed = useChanges(all, subject);
  useGlide(list, rows.map((row) => row.id).join());
  const own = subject && !isPast.value;
  const Drawer = more.value?.Drawer;
  return (
    <Panel
      name="Calls"
      class="calls"
      note={data && plural(data.pagination.total, 'call')}
      tools={
        <button type="button" onClick={() => download(rows)} disabled={!rows.length}>
          <Icon name="down" /> Download CSV
        </button>
      }
    >
      {!isPast.value && <Filters />}
      {own && failure && (
        <div class="over">
          <Trouble failure={failure} what="These calls could not be read." onRetry={askAgain} />
        </div>
      )}
      <Pill fresh={fresh} apply={apply} />
      <div
        class="scroll flat"
        tabIndex={0}
        role="group"
        aria-label="Calls, scrollable"
        aria-busy={(own && asking) || undefined}
        data-dimmed={(own && (failure || (asking && !data))) || undefined}
        ref={watch}
        {...handlers}
      >
        <table>
          <thead>
            <tr>
              <th scope="col">Caller</th>
              <th scope="col">When</th>
              <th scope="col">Status</th>
              <th scope="col" class="figure-column">Length</th>
              <th scope="col" class="wide">Outcome</th>
              <th scope="col">Number</th>
            </tr>
          </thead>
          <tbody ref={list}>
            {data && !all.length && <NoCalls />}
            {firstOf(rows, 0).map((call) => (
              <CallRow key={call.id} call={call} gone={gone.has(call.id)} mark={changed.get(call.id)} />
            ))}
          </tbody>
        </table>
      </div>
      <Pages page={data?.pagination.page ?? address.value.page} pages={data?.pagination.pages ?? 0} />
      {Drawer && <Drawer rows={all} known={!!data} />}
    </Panel>
  );
};

const NoCalls = () => {
  const of = address.value;
  return (
    <NoRows columns={6}>
      {isFiltered(of) ? (
        <>
          No calls match.{' '}
          <button type="button" onClick={() => go({ q: '', status: '', direction: '', from: '', to: '', page: 1 })}>
            Clear the filters
          </button>
        </>
      ) : of.page > 1 ? (
        <>
          There are no calls on page {of.page}.{' '}
          <button type="button" onClick={() => go({ page: 1 })}>
            Go to the first
          </button>
        </>
      ) : (
        'No calls yet. As soon as one ends it is here; or test the agent, and speak with it yourself.'
      )}
    </NoRows>
  );
};

const CallRow = memo(({ call, gone, mark }: { call: Call; gone: boolean; mark?: string }) => {
  const open = (event: Event) => {
    if ((event.target as HTMLElement).closest('a:not(.open), button:not(.open)')) return;
    event.preventDefault();
    (event.currentTarget as HTMLElement).querySelector<HTMLElement>('.open')?.focus();
    go({ call: call.id });
  };
  const outbound = call.call_direction === 'outbound';
  return (
    <tr data-id={call.id} data-changed={mark} data-gone={gone || undefined} tabIndex={-1} onClick={open}
      onKeyDown={(event) => event.key === 'Enter' && event.target === event.currentTarget && go({ call: call.id })}>
      <th scope="row" title={call.caller_name}>
        <span class="name">
          <span class={`way ${outbound ? 'out' : 'in'}`} title={outbound ? 'Outbound' : 'Inbound'}>
            <Icon name={outbound ? 'out' : 'in'} />
            <span class="unseen">{outbound ? 'Outbound' : 'Inbound'}</span>
          </span>
          <a class="open" href={queryOf({ ...address.value, call: call.id } as Address) || '?'}>
            <bdi>{phone(call.caller_name)}</bdi>
          </a>
        </span>
      </th>
      <td data-label="When">
        <Ago at={call.call_date} />
      </td>
      <td data-label="Status">
        <span class={`status ${call.status}`}>{statusOf(call)}</span>
      </td>
      <td class="figure-column" data-label="Length">{duration(call.duration_seconds)}</td>
      <td class="wide summary" data-label="Outcome">
        <span class="clamp one" title={call.outcome_summary ?? undefined}>
          {call.outcome_summary || <span class="quiet">No summary</span>}
        </span>
      </td>
      <td data-label="Number">
        <Phone number={call.phone_number} of={call.caller_name} />
      </td>
    </tr>
  );
});

const Filters = () => {
  const of = address.value;
  const pick = (name: keyof Address) => (event: Event) => go({ [name]: (event.currentTarget as HTMLInputElement).value, page: 1 });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const search = (event: Event) => {
    const q = (event.currentTarget as HTMLInputElement).value;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => go({ q, page: 1 }, true), 180);
  };
  return (
    <form class="filters" role="search" aria-label="Calls" onSubmit={(event) => event.preventDefault()}>
      <label class="grow">
        <span class="unseen">Search calls</span>
        <input id="search" type="search" placeholder="Search by name or number" maxLength={200} value={of.q} onInput={search} />
        <kbd aria-hidden="true">/</kbd>
      </label>
      <label>
        <span class="unseen">Status</span>
        <select value={of.status} onChange={pick('status')}>
          <option value="">Any status</option>
          {Object.entries(STATUSES).map(([value, name]) => (
            <option key={value} value={value}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        <span class="unseen">Direction</span>
        <select value={of.direction} onChange={pick('direction')}>
          <option value="">Both directions</option>
          <option value="inbound">Inbound</option>
          <option value="outbound">Outbound</option>
        </select>
      </label>
      <label>
        <span class="label">From</span>
        <input type="date" value={of.from} max={of.to || undefined} onChange={pick('from')} />
      </label>
      <label>
        <span class="label">To</span>
        <input type="date" value={of.to} min={of.from || undefined} onChange={pick('to')} />
      </label>
      <button type="button" disabled={!isFiltered(of)} onClick={() => go({ q: '', status: '', direction: '', from: '', to: '', page: 1 })}>
        Clear
      </button>
    </form>
  );
};

const Pages = ({ page, pages }: { page: number; pages: number }) => (
  <nav class="pages" aria-label="Pages of calls">
    <button type="button" disabled={page <= 1 || isPast.value} onClick={() => go({ page: page - 1 })}>
      Newer
    </button>
    <span>
      Page {whole(page)} of {whole(Math.max(1, pages))}
    </span>
    <button type="button" disabled={page >= pages || isPast.value} onClick={() => go({ page: page + 1 })}>
      Older
    </button>
    {shown.value.asking && <span class="unseen">Loading</span>}
  </nav>
);
